#include "client/cmd/ending.h"

#include <cstdlib>

#include "client/view/exit_code.h"
#include "client/view/json.h"
#include "client/view/text.h"

namespace smelt::client {
namespace {

int Document(const Surroundings& surroundings, const Status& status, ExitCode code, bool json) {
  if (json) surroundings.out << ErrorJson(status, static_cast<int>(code)) << std::flush;
  return static_cast<int>(code);
}

int FailInterrupted(const Surroundings& surroundings, bool json) {
  *surroundings.err.out << "interrupted\n" << std::flush;
  return Document(surroundings, Status(Reason::kCancelled, "interrupted"), ExitCode::kInterrupted,
                  json);
}

}  // namespace

int Fail(const Surroundings& surroundings, const Status& status, bool json) {
  if (surroundings.interrupt.triggered()) return FailInterrupted(surroundings, json);
  std::ostream& err = *surroundings.err.out;
  const Ink ink(surroundings.err.colored);
  err << ink.Red("error: ") << Printable(status.message()) << ink.Dim("  [")
      << ink.Dim(ReasonName(status.reason())) << ink.Dim("]") << '\n';
  if (!status.hint().empty()) err << "  hint: " << Printable(status.hint()) << '\n';
  return Document(surroundings, status, ExitCodeFor(status.reason()), json);
}

void ExitInterrupted(const Surroundings& surroundings, bool json) {
  std::_Exit(FailInterrupted(surroundings, json));
}

}  // namespace smelt::client
