// SplitStage: what one conversion knows of an artifact in parts, from the plan to the files that
// describe it. Lives for one conversion; not thread safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/cancel_token.h"
#include "core/convert/convert.h"
#include "core/convert/split_chain.h"
#include "core/export/tflite/split_plan.h"
#include "core/export/tflite/writer.h"
#include "core/ir/diagnostic.h"
#include "smelt/v1/report.pb.h"
#include "smelt/v1/split.pb.h"

namespace smelt {

class SplitStage {
 public:
  // kInvalidArgument for limits that contradict each other.
  static Result<SplitStage> Make(const SplitRequest& request, std::string description);

  // A refusal of the model goes to `found`; so does the note that no cut is needed.
  Status Plan(const ir::Module& module, const target::Profile& profile, const CancelToken& cancel,
              ir::Diagnostics& found);
  bool is_needed() const { return plan_.parts.size() > 1; }

  std::size_t part_count() const { return plan_.parts.size(); }
  ir::Module MakePart(const ir::Module& module, std::size_t part) const;
  // Of all parts, with what lies between them; and of the appended bytes, before part `part`.
  std::uint64_t TotalBytes() const { return OffsetOf(part_count()); }
  std::uint64_t OffsetOf(std::size_t part) const;
  std::uint64_t BytesOf(std::size_t part) const { return plan_.parts[part].file_bytes; }

  // In a part every value is called what its tensor is called; here, what the source calls it.
  void RestoreNames(const ir::Module& module,
                    std::vector<tflite_export::WrittenTensor>& tensors) const;
  // Once all are written and before the module goes: what the files and the comparison need of it.
  // `with_reference` when the parts will be run.
  void Keep(const ir::Module& module, const v1::Report& report, const std::string& base_model,
            bool with_reference);

  // All parts checked as files.
  Status Check(const SharedBytes& written) const;
  Result<SplitChain> Read(const SharedBytes& written) const;
  // Fills the accuracy report. Once: it lets go of the reference.
  Status Compare(const SplitChain& chain, const CancelToken& cancel);
  bool is_written() const { return manifest_.partitions_size() != 0; }
  void set_manifest_path(const std::string& path) { accuracy_.set_split_manifest_path(path); }
  void SetNotRun(const std::string& why) { accuracy_.set_not_run_because(why); }

  const v1::SplitPlan& plan_file() const { return plan_file_; }
  const v1::SplitManifest& manifest() const { return manifest_; }
  const v1::SplitAccuracyReport& accuracy() const { return accuracy_; }

 private:
  SharedBytes Part(const SharedBytes& written, std::size_t part) const;

  tflite_export::SplitOptions options_;
  tflite_export::SplitPlan plan_;
  std::optional<ir::Module> reference_;  // the whole, which also gives what crosses
  std::size_t model_outputs_ = 0;        // its first ones
  v1::SplitPlan plan_file_;
  v1::SplitManifest manifest_;
  v1::SplitAccuracyReport accuracy_;
};

}  // namespace smelt
