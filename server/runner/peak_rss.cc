// The kernel's own high-water mark, from a descriptor opened while paths could still be opened.
// getrusage would answer with the daemon's peak: it survives exec.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <string_view>

#include "server/runner/conversion_job.h"

namespace smelt::runner {
namespace {

int g_status_fd = -1;  // one a process, open until it ends

}  // namespace

void PreparePeakRss() { g_status_fd = ::open("/proc/self/status", O_RDONLY | O_CLOEXEC); }

std::uint64_t PeakRssBytes() {
  if (g_status_fd < 0) return 0;
  std::array<char, 4096> text;
  const ssize_t n = ::pread(g_status_fd, text.data(), text.size(), 0);
  if (n <= 0) return 0;
  std::string_view status(text.data(), static_cast<std::size_t>(n));
  constexpr std::string_view kKey = "VmHWM:";
  const std::size_t at = status.find(kKey);
  if (at == std::string_view::npos) return 0;
  status.remove_prefix(at + kKey.size());
  status.remove_prefix(std::min(status.find_first_not_of(" \t"), status.size()));
  std::uint64_t kib = 0;
  std::from_chars(status.data(), status.data() + status.size(), kib);
  return kib * 1024;
}

}  // namespace smelt::runner
