#include "client/view/screen.h"

#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <string_view>

namespace smelt::client {
namespace {

bool IsSet(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

int Columns(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

}  // namespace

Screen ScreenOf(int fd, std::ostream& out) {
  std::setlocale(LC_CTYPE, "");
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::string_view(term) == "dumb" || *term == '\0';
  Screen screen;
  screen.out = &out;
  screen.is_terminal = ::isatty(fd) == 1 && !dumb;
  screen.colored = screen.is_terminal && !IsSet("NO_COLOR");
  screen.unicode = std::string_view(nl_langinfo(CODESET)) == "UTF-8";
  screen.columns = [fd] { return Columns(fd); };
  return screen;
}

}  // namespace smelt::client
