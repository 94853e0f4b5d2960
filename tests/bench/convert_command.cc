#include "tests/bench/convert_command.h"

#include <google/protobuf/util/json_util.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <vector>

#include "core/base/digest.h"
#include "core/convert/convert.h"
#include "smelt/v1/report.pb.h"
#include "tests/bench/file_io.h"

namespace smelt::bench {
namespace {

std::string Json(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  SMELT_CHECK(status.ok());
  return json;
}

// A JSON string literal; messages may hold anything.
std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += std::string("\\") + c;
    } else if (byte < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof(escape), "\\u%04x", byte);
      quoted += escape;
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

Status WriteBeside(const std::filesystem::path& path, ByteSpan bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  out.close();
  return out ? Status::Ok() : Status(Reason::kIoError, "write " + path.string());
}

class DumpingSink final : public ConvertSink {
 public:
  // Reports go to the folder of `output`, the text of passes to stderr.
  DumpingSink(FileSink& file, const std::string& output)
      : file_(file), folder_(std::filesystem::path(output).parent_path()) {}
  Status Append(ByteSpan bytes) override { return file_.Append(bytes); }
  Result<SharedBytes> WrittenBytes() override { return file_.WrittenBytes(); }
  void OnProgress(std::string_view, std::uint64_t, std::uint64_t, std::string_view) override {}
  Status AddExtra(std::string_view name, std::string_view kind, ByteSpan bytes) override {
    if (kind != "ir_text") return WriteBeside(folder_ / name, bytes);
    std::cerr.write(reinterpret_cast<const char*>(bytes.data()),
                    static_cast<std::streamsize>(bytes.size()));
    return Status::Ok();
  }

 private:
  FileSink& file_;
  std::filesystem::path folder_;
};

// The parts that one file holds, as files of their own.
Status CutParts(FileSink& file, const v1::Report& report, const std::string& output) {
  SMELT_ASSIGN_OR_RETURN(const SharedBytes all, file.WrittenBytes());
  std::uint64_t offset = 0;
  for (const v1::Artifact& part : report.artifacts()) {
    const std::uint64_t size = part.digest().size_bytes();
    SMELT_RETURN_IF_ERROR(WriteBeside(std::filesystem::path(output).parent_path() / part.name(),
                                      all.span().subspan(offset, size)));
    offset = NextPartOffset(offset, size);
  }
  return Status::Ok();
}

Result<ConvertRequest> MakeRequest(const ConvertFlags& flags) {
  ConvertRequest request;
  SMELT_ASSIGN_OR_RETURN(request.model, MapFile(flags.model));
  if (flags.with_folder) {
    SMELT_ASSIGN_OR_RETURN(request.external_files, MapFolderOf(flags.model));
  }
  request.file_name = flags.model;
  request.model_sha256 = Digest::Of(request.model.span()).Hex();  // which a daemon knows, too
  request.verify = flags.verify == "run" ? Verify::kRun : Verify::kStructure;
  request.max_inline_bytes = flags.max_inline_bytes;
  request.check_ir = flags.check_ir;
  request.composites = flags.composites;
  if (flags.precision == "float16") request.precision = Precision::kFloat16;
  if (flags.precision == "dynamic_range") request.precision = Precision::kDynamicRange;
  if (flags.precision == "int8") request.precision = Precision::kInt8;
  if (flags.precision == "int16x8") request.precision = Precision::kInt16x8;
  if (flags.io_type == "activations") request.ports = PortType::kActivations;
  if (flags.io_type == "uint8") request.ports = PortType::kUint8;
  request.strict_integer = flags.strict_integer;
  request.fewest_weight_elements = flags.fewest_weight_elements;
  request.one_scale_a_weight = flags.one_scale_a_weight;
  if (flags.accuracy) request.extra_reports.insert(ExtraReport::kAccuracy);
  if (!flags.dump_after.empty()) request.dump_after.insert(flags.dump_after);
  request.channels_last_outputs = {flags.channels_last_outputs.begin(),
                                   flags.channels_last_outputs.end()};
  if (flags.split_max_bytes != 0 || flags.split_target_bytes != 0 || flags.split_parts != 0 ||
      !flags.split_at.empty()) {
    request.split = {flags.split_max_bytes, flags.split_target_bytes, flags.split_parts,
                     flags.split_at, ""};
  }
  for (const std::string& dim : flags.dims) {
    const std::size_t equals = dim.find('=');
    if (equals == std::string::npos) {
      return Status(Reason::kUsage, "--dim wants NAME=VALUE, found " + dim);
    }
    request.dims[dim.substr(0, equals)] = std::atoll(dim.c_str() + equals + 1);
  }
  return request;
}

struct Outcome {
  v1::Report report;
  double conversion_seconds = 0;     // import to write, without checking
  std::uint64_t peak_rss_bytes = 0;  // before verification
};

Result<Outcome> ConvertOnce(const ConvertFlags& flags, const std::string& output) {
  SMELT_ASSIGN_OR_RETURN(const ConvertRequest request, MakeRequest(flags));
  SMELT_ASSIGN_OR_RETURN(FileSink file, FileSink::Open(output));
  DumpingSink sink(file, output);
  Outcome outcome;
  const CancelToken cancel;
  SMELT_RETURN_IF_ERROR(Convert(request, sink, cancel, &outcome.report));
  if (!flags.output.empty() && outcome.report.artifacts_size() > 1) {
    SMELT_RETURN_IF_ERROR(CutParts(file, outcome.report, output));
  }
  for (const v1::Timing& timing : outcome.report.timings()) {
    if (timing.stage() == "check" || timing.stage() == "verify") break;
    outcome.conversion_seconds += timing.seconds();
    outcome.peak_rss_bytes = timing.peak_rss_bytes();
  }
  return outcome;
}

void PrintText(const Outcome& outcome, double copy_seconds) {
  const v1::Report& report = outcome.report;
  std::printf("%s %s\n", report.state().c_str(), report.message().c_str());
  for (const v1::Diagnostic& diagnostic : report.diagnostics()) {
    std::printf("  %s: %s node %u \"%s\": %s; allowed: %s\n", diagnostic.reason_code().c_str(),
                diagnostic.node().op_type().c_str(), diagnostic.node().index(),
                diagnostic.node().name().c_str(), diagnostic.message().c_str(),
                diagnostic.allowed().c_str());
  }
  for (const v1::Timing& timing : report.timings()) {
    std::printf("  %-8s %9.3f ms   peak %7.1f MiB\n", timing.stage().c_str(),
                timing.seconds() * 1e3, static_cast<double>(timing.peak_rss_bytes()) / 1048576);
  }
  std::printf("  conversion %.3f ms, cp of the model %.3f ms, ratio %.2f\n",
              outcome.conversion_seconds * 1e3, copy_seconds * 1e3,
              outcome.conversion_seconds / copy_seconds);
}

int Unusable(const Status& status) {
  std::fprintf(stderr, "smelt-bench: %s\n", status.ToString().c_str());
  return 2;
}

}  // namespace

int RunConvert(const ConvertFlags& flags) {
  const std::string scratch =
      flags.output.empty() ? "/tmp/smelt-bench." + std::to_string(getpid()) : flags.output;
  std::vector<double> copies, conversions;
  Outcome last;
  for (int i = 0; i < std::max(flags.repeat, 1); ++i) {
    auto copy = CopySeconds(flags.model, scratch + ".copy");
    std::remove((scratch + ".copy").c_str());
    if (!copy.ok()) return Unusable(copy.status());
    auto outcome = ConvertOnce(flags, scratch);
    if (!outcome.ok()) return Unusable(outcome.status());
    copies.push_back(*copy);
    conversions.push_back(outcome->conversion_seconds);
    last = std::move(outcome).value();
  }
  const bool ok = last.report.state() == "succeeded";
  if (flags.output.empty() || !ok) std::remove(scratch.c_str());
  const auto median = [](std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
  };
  last.conversion_seconds = median(conversions);
  const double copy_seconds = median(copies);
  if (flags.json) {
    std::printf(
        "{\"model\":%s,\"conversion_seconds\":%.6f,\"copy_seconds\":%.6f,"
        "\"peak_rss_bytes\":%llu,\"report\":%s}\n",
        Quoted(flags.model).c_str(), last.conversion_seconds, copy_seconds,
        static_cast<unsigned long long>(last.peak_rss_bytes), Json(last.report).c_str());
  } else {
    PrintText(last, copy_seconds);
  }
  return ok ? 0 : 1;
}

int RunConvertBatch(const std::string& list_path, const std::string& verify) {
  std::ifstream list(list_path);
  if (!list) return Unusable(Status(Reason::kIoError, "open " + list_path));
  for (std::string line; std::getline(list, line);) {
    const std::size_t tab = line.find('\t');
    if (tab == std::string::npos) return Unusable(Status(Reason::kUsage, "no tab in: " + line));
    ConvertFlags flags;
    flags.model = line.substr(0, tab);
    flags.verify = verify;
    const std::string output = line.substr(tab + 1);
    const auto outcome = ConvertOnce(flags, output);
    const std::string state = outcome.ok() ? outcome->report.state() : "unusable";
    if (state != "succeeded") std::remove(output.c_str());
    const std::string reason = outcome.ok() ? outcome->report.reason_code()
                                            : std::string(ReasonName(outcome.status().reason()));
    const std::string message =
        outcome.ok() ? outcome->report.message() : std::string(outcome.status().message());
    std::printf("{\"model\":%s,\"state\":%s,\"reason_code\":%s,\"message\":%s}\n",
                Quoted(flags.model).c_str(), Quoted(state).c_str(), Quoted(reason).c_str(),
                Quoted(message).c_str());
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace smelt::bench
