#include "server/runner/job.h"

#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <map>
#include <new>
#include <optional>
#include <utility>

#include "core/base/digest.h"
#include "server/runner/artifact_sink.h"
#include "server/runner/conversion_job.h"
#include "server/runner/descriptors.h"
#include "server/runner/inspect_job.h"
#include "smelt/v1/report.pb.h"

namespace smelt::runner {
namespace {

Status RunWork(const Library& library, const worker::v1::Start& start,
               const std::vector<UniqueFd>& descriptors, ArtifactSink& sink,
               const CancelToken& cancel, v1::Report* report) {
  switch (start.work_case()) {
    case worker::v1::Start::kConvert:
      return RunConversion(library, start, descriptors, sink, cancel, report);
    case worker::v1::Start::kInspect:
      return RunInspection(library, start, descriptors, sink, cancel, report);
    case worker::v1::Start::WORK_NOT_SET:
      break;
  }
  return Status(Reason::kWorkerProtocol, "the start frame names no work that this worker knows");
}

// The library's doors are closed to exceptions but for memory; both are caught here.
Status RunGuarded(const Library& library, const worker::v1::Start& start,
                  const std::vector<UniqueFd>& descriptors, ArtifactSink& sink,
                  const CancelToken& cancel, v1::Report* report) {
  try {
    SMELT_RETURN_IF_ERROR(RunWork(library, start, descriptors, sink, cancel, report));
    return sink.Flush();
  } catch (const std::bad_alloc&) {
    return Status(Reason::kOutOfMemory, start.has_inspect()
                                            ? "memory ran out during the inspection"
                                            : "memory ran out during the conversion");
  } catch (const std::exception& error) {
    return Status(Reason::kInternalError, std::string("unexpected exception: ") + error.what());
  }
}

// A status is the library's word that no judgement was possible: the report must say so too.
void RecordStatus(const Status& status, v1::Report* report) {
  if (status.ok()) return;
  report->set_state(status.reason() == Reason::kCancelled ? "cancelled" : "failed");
  report->set_reason_code(std::string(ReasonName(status.reason())));
  report->set_message(std::string(status.message()));
  report->clear_artifacts();
}

Status WriteReport(int fd, const v1::Report& report, v1::Digest* digest) {
  const std::string bytes = report.SerializeAsString();
  const Digest named = Digest::Of(std::as_bytes(std::span<const char>(bytes)));
  digest->set_sha256(named.Hex());
  digest->set_size_bytes(named.size_bytes);
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t n = ::write(fd, bytes.data() + sent, bytes.size() - sent);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return WriteFailed("the report", errno);
    sent += static_cast<std::size_t>(n);
  }
  return Status::Ok();
}

// Counts by source operator, for metrics. Source names are the model's: the daemon bounds them.
void CountOperators(const v1::Report& report, worker::v1::Done* done) {
  std::map<std::string, std::uint64_t> lowered;
  for (const v1::CoverageEntry& entry : report.coverage().entries()) {
    if (entry.outcome() == v1::CoverageEntry::REJECTED ||
        entry.outcome() == v1::CoverageEntry::NOT_CHECKED) {
      continue;
    }
    ++lowered[entry.node().op_type()];
  }
  std::map<std::pair<std::string, std::string>, std::uint64_t> rejected;
  for (const v1::Diagnostic& diagnostic : report.diagnostics()) {
    if (diagnostic.severity() != v1::SEVERITY_ERROR || !diagnostic.has_node()) continue;
    ++rejected[{diagnostic.node().op_type(), diagnostic.reason_code()}];
  }
  for (const auto& [op_type, count] : lowered) {
    worker::v1::OperatorCount* row = done->add_lowered();
    row->set_op_type(op_type);
    row->set_count(count);
  }
  for (const auto& [key, count] : rejected) {
    worker::v1::OperatorCount* row = done->add_rejected();
    row->set_op_type(key.first);
    row->set_reason_code(key.second);
    row->set_count(count);
  }
}

double ProcessCpuSeconds() {
  timespec spent{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) * 1e-9;
}

// The artifact as one file, or its parts where they begin in the appended bytes.
void FillArtifact(const v1::Report& report, std::uint64_t artifact_bytes, worker::v1::Done* done) {
  if (report.artifacts_size() == 1) {
    const v1::Artifact& artifact = report.artifacts(0);
    done->set_artifact_name(artifact.name());
    done->set_artifact_kind(artifact.kind());
    *done->mutable_artifact() = artifact.digest();
    done->mutable_artifact()->set_size_bytes(artifact_bytes);
    return;
  }
  std::uint64_t offset = 0;
  for (const v1::Artifact& artifact : report.artifacts()) {
    worker::v1::Extra* part = done->add_parts();
    part->set_name(artifact.name());
    part->set_kind(artifact.kind());
    *part->mutable_digest() = artifact.digest();
    part->set_offset(offset);
    offset = NextPartOffset(offset, artifact.digest().size_bytes());
  }
}

void FillDone(const v1::Report& report, std::uint64_t artifact_bytes, worker::v1::Done* done) {
  const bool succeeded = report.state() == "succeeded";
  done->set_state(succeeded                       ? v1::SUCCEEDED
                  : report.state() == "cancelled" ? v1::CANCELLED
                                                  : v1::FAILED);
  done->set_reason_code(report.reason_code());
  done->set_message(report.message());
  if (succeeded && report.artifacts_size() > 0) FillArtifact(report, artifact_bytes, done);
  for (const v1::Timing& timing : report.timings()) {
    worker::v1::StageSeconds* row = done->add_stages();
    row->set_stage(timing.stage());
    row->set_seconds(timing.seconds());
  }
  CountOperators(report, done);
}

void FillExtras(const std::vector<ArtifactSink::Extra>& extras, worker::v1::Done* done) {
  for (const ArtifactSink::Extra& extra : extras) {
    worker::v1::Extra* row = done->add_extras();
    row->set_name(extra.name);
    row->set_kind(extra.kind);
    row->mutable_digest()->set_sha256(extra.digest.Hex());
    row->mutable_digest()->set_size_bytes(extra.digest.size_bytes);
  }
}

}  // namespace

worker::v1::Done RunJob(const Library& library, const worker::v1::Start& start,
                        const std::vector<UniqueFd>& descriptors, workers::FrameChannel& channel,
                        const CancelToken& cancel) {
  v1::Report report;
  std::uint64_t artifact_bytes = 0;
  Status status;
  const Result<int> artifact_fd = DescriptorAt(descriptors, start.artifact_fd_index());
  const Result<int> extras_fd = start.has_extras_fd_index()
                                    ? DescriptorAt(descriptors, start.extras_fd_index())
                                    : Result<int>(-1);
  std::vector<ArtifactSink::Extra> extras;
  if (!artifact_fd.ok()) {
    status = artifact_fd.status();
  } else if (!extras_fd.ok()) {
    status = extras_fd.status();
  } else {
    ArtifactSink sink(artifact_fd.value(), extras_fd.value(), channel);
    status = RunGuarded(library, start, descriptors, sink, cancel, &report);
    artifact_bytes = sink.size_bytes();
    extras = sink.extras();
  }
  RecordStatus(status, &report);
  report.set_job_id(start.job_id());

  worker::v1::Done done;
  FillDone(report, artifact_bytes, &done);
  FillExtras(extras, &done);
  const Result<int> report_fd = DescriptorAt(descriptors, start.report_fd_index());
  const Status written =
      report_fd.ok() ? WriteReport(*report_fd, report, done.mutable_report()) : report_fd.status();
  if (!written.ok()) {
    done.set_state(v1::FAILED);
    done.set_reason_code(std::string(ReasonName(written.reason())));
    done.set_message(std::string(written.message()));
    done.clear_report();
  }
  done.set_peak_rss_bytes(PeakRssBytes());
  done.set_cpu_seconds(ProcessCpuSeconds());
  return done;
}

}  // namespace smelt::runner
