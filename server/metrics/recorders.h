// Recorders: the emitters' interfaces written to the families. Private to this folder.
#pragma once

#include "server/jobs/metrics.h"
#include "server/metrics/families.h"

namespace smelt::metrics {

class JobRecorder final : public jobs::JobMetrics {
 public:
  JobRecorder(Families& families, const std::vector<std::string>& targets);
  void SetOperators(const std::vector<std::string>& operators) { operators_.Set(operators); }

  void OnSubmitted(std::string_view target) override;
  void OnFinished(std::string_view target, jobs::JobState state, Reason reason) override;
  void OnStage(std::string_view stage, std::string_view target, double seconds) override;
  void OnRun(std::string_view target, const jobs::RunOutcome& outcome) override;
  void OnImpossibleTransition() override;

 private:
  // "none" for a job without a target.
  std::string_view TargetLabel(std::string_view target) const;

  Families& families_;
  KnownValues targets_;
  KnownValues stages_;
  KnownValues operators_;
};

class WorkerRecorder final : public jobs::WorkerMetrics {
 public:
  explicit WorkerRecorder(Families& families);
  void OnExit(jobs::ExitCause cause) override;
  void SetWorkers(State state, std::size_t count) override;

 private:
  Families& families_;
};

class StoreRecorder final : public jobs::StoreMetrics {
 public:
  explicit StoreRecorder(Families& families);
  void OnCommit(double seconds, std::size_t calls) override;
  void OnFsync(std::string_view op, double seconds) override;

 private:
  Families& families_;
};

class BlobRecorder final : public jobs::BlobMetrics {
 public:
  explicit BlobRecorder(Families& families);
  void OnUpload(Upload outcome) override;

 private:
  Families& families_;
};

class RpcRecorder final : public jobs::RpcMetrics {
 public:
  explicit RpcRecorder(Families& families);
  void OnStarted(std::string_view service, std::string_view method) override;
  void OnHandled(std::string_view service, std::string_view method, std::string_view code,
                 double seconds) override;
  void OnWatchOpened() override;
  void OnWatchClosed() override;
  void OnWatchGap() override;

 private:
  Families& families_;
};

}  // namespace smelt::metrics
