#include "client/cmd/ending.h"

#include <cstdlib>
#include <string>
#include <string_view>

#include "client/view/exit_code.h"
#include "client/view/json.h"
#include "client/view/text.h"

namespace smelt::client {
namespace {

int Document(const Surroundings& surroundings, const Status& status, ExitCode code, bool json,
             const JobNote& job) {
  if (json) {
    surroundings.out << ErrorJson(status, static_cast<int>(code), job.id) << std::flush;
  }
  return static_cast<int>(code);
}

// The failure and what became of the job. One that the daemon still has is not to be submitted
// again, which is the remedy of kCancelled.
Status WithJob(const Status& status, const JobNote& job) {
  if (job.fate.empty()) return status;
  std::string hint(status.reason() == Reason::kCancelled ? "" : status.hint());
  if (!hint.empty()) hint += ' ';
  return Status(status.reason(), std::string(status.message()) + "; " + job.fate, hint + job.hint);
}

void PrintHint(std::ostream& err, std::string_view hint) {
  if (!hint.empty()) err << "  hint: " << Printable(hint) << '\n';
}

int FailInterrupted(const Surroundings& surroundings, bool json, const JobNote& job) {
  const Status status = WithJob(Status(Reason::kCancelled, "interrupted"), job);
  std::ostream& err = *surroundings.err.out;
  err << Printable(status.message()) << '\n';
  PrintHint(err, job.hint);
  err << std::flush;
  return Document(surroundings, status, ExitCode::kInterrupted, json, job);
}

}  // namespace

int Fail(const Surroundings& surroundings, const Status& status, bool json, const JobNote& job) {
  if (surroundings.interrupt.triggered()) return FailInterrupted(surroundings, json, job);
  const Status whole = WithJob(status, job);
  std::ostream& err = *surroundings.err.out;
  const Ink ink(surroundings.err.colored);
  err << ink.Red("error: ") << Printable(whole.message()) << ink.Dim("  [")
      << ink.Dim(ReasonName(whole.reason())) << ink.Dim("]") << '\n';
  PrintHint(err, whole.hint());
  return Document(surroundings, whole, ExitCodeFor(whole.reason()), json, job);
}

void ExitInterrupted(const Surroundings& surroundings, bool json) {
  std::_Exit(FailInterrupted(surroundings, json, {}));
}

}  // namespace smelt::client
