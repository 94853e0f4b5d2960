#include "client/view/progress.h"

namespace smelt::client {
namespace {

class QuietProgress final : public Progress {
 public:
  void OnTransfer(const Transfer&) override {}
  void OnJob(std::string_view) override {}
  void OnEvent(const v1::JobEvent&) override {}
  void OnNote(std::string_view) override {}
  void Finish() override {}
};

struct StyleName {
  std::string_view name;
  ProgressStyle style;
};

constexpr StyleName kStyles[] = {
    {"auto", ProgressStyle::kAuto},   {"tty", ProgressStyle::kTty},
    {"plain", ProgressStyle::kPlain}, {"json", ProgressStyle::kJson},
    {"quiet", ProgressStyle::kQuiet},
};

}  // namespace

std::optional<ProgressStyle> ProgressStyleFromName(std::string_view name) {
  for (const StyleName& row : kStyles) {
    if (row.name == name) return row.style;
  }
  return std::nullopt;
}

std::unique_ptr<Progress> MakeProgress(ProgressStyle style, const Screen& screen,
                                       const Clock& clock) {
  switch (style) {
    case ProgressStyle::kAuto:
      return screen.is_terminal ? MakeTtyProgress(screen, clock, Ticking::kOn)
                                : MakePlainProgress(*screen.out, clock);
    case ProgressStyle::kTty:
      return MakeTtyProgress(screen, clock, Ticking::kOn);
    case ProgressStyle::kPlain:
      return MakePlainProgress(*screen.out, clock);
    case ProgressStyle::kJson:
      return MakeJsonProgress(*screen.out, clock);
    case ProgressStyle::kQuiet:
      return std::make_unique<QuietProgress>();
  }
  return std::make_unique<QuietProgress>();
}

}  // namespace smelt::client
