#include "client/view/job_text.h"

#include <array>
#include <ctime>
#include <string>
#include <string_view>
#include <utility>

#include "client/view/job_kind.h"
#include "client/view/job_state.h"
#include "client/view/text.h"

namespace smelt::client {
namespace {

double Seconds(const google::protobuf::Timestamp& time) {
  return static_cast<double>(time.seconds()) + 1e-9 * time.nanos();
}

// From creation to the end: what the user waited.
std::string TookText(const v1::Job& job) {
  if (!job.has_create_time() || !job.has_finish_time()) return "";
  return ShowSeconds(Seconds(job.finish_time()) - Seconds(job.create_time()));
}

std::string ModelText(const v1::Job& job) {
  const v1::ModelInput& input = InputOf(job);
  std::string text = input.file_name();
  if (input.external_files_size() != 0) {
    text += " + " + Count(static_cast<std::uint64_t>(input.external_files_size()), "data file");
  }
  if (const int samples = job.convert().calibration_files_size(); samples != 0) {
    text += " + " + Count(static_cast<std::uint64_t>(samples), "calibration file");
  }
  return text;
}

}  // namespace

std::string ShowTime(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0 && time.nanos() == 0) return "";
  const std::time_t seconds = time.seconds();
  std::tm parts{};
  std::array<char, 64> buffer{};
  if (gmtime_r(&seconds, &parts) == nullptr) return "";
  return {buffer.data(), std::strftime(buffer.data(), buffer.size(), "%Y-%m-%d %H:%M:%SZ", &parts)};
}

void PrintJob(std::ostream& out, const v1::Job& job) {
  std::string state(JobStateName(job.state()));
  if (job.cancel_requested() && !IsFinished(job.state())) state += " (cancel requested)";
  const std::pair<std::string_view, std::string> rows[] = {
      {"job", job.id()},
      {"state", state},
      {"kind", std::string(KindOf(job))},
      {"model", ModelText(job)},
      {"sha256", InputOf(job).model().sha256()},
      {"created", ShowTime(job.create_time())},
      {"started", ShowTime(job.start_time())},
      {"finished", ShowTime(job.finish_time())},
      {"took", TookText(job)},
      {"attempt", job.attempt() == 0 ? "" : std::to_string(job.attempt())},
      {"reason", job.reason_code()},
      {"message", job.message()},
  };
  const auto print = [&out](std::string_view label, const std::string& text) {
    if (text.empty()) return;
    std::string padded(label);
    padded.resize(10, ' ');
    out << padded << Printable(text) << '\n';
  };
  for (const auto& [label, text] : rows) print(label, text);
  for (const v1::JobArtifact& artifact : job.artifacts()) {
    print("artifact", artifact.name() + "  " + ShowBytes(artifact.digest().size_bytes()) + "  " +
                          artifact.digest().sha256() +
                          (artifact.kind() == "tflite_custom" ? "  (CUSTOM operators)" : ""));
  }
}

Table MakeJobTable() {
  return Table({"JOB", "STATE", "KIND", "MODEL", "CREATED", "TOOK", "REASON"});
}

void AddJobRow(Table& table, const v1::Job& job) {
  table.Add({job.id(), std::string(JobStateName(job.state())), std::string(KindOf(job)),
             ModelText(job), ShowTime(job.create_time()), TookText(job), job.reason_code()});
}

}  // namespace smelt::client
