// Writes one-operator files for the outside oracle, with inputs and the values that our interpreter
// expects.
//
//   write_probe --list                          OPERATOR TYPE RANK, one a line
//   write_probe --op OP --type T --rank R -o F  F, and F.json with inputs and outputs as
//   hexadecimal write_probe --ir TEXT [--legalize] -o F     the same of a module in text form with
//   seeded inputs
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "core/export/tflite/writer.h"
#include "core/interp/evaluate.h"
#include "core/ir/op_table.h"
#include "core/ir/text.h"
#include "core/passes/legalize.h"
#include "tests/probe/probe_case.h"
#include "tests/probe/probe_data.h"

namespace smelt::probe {
namespace {

constexpr std::int64_t kOpenSize = 4;  // of a symbolic dimension

using Arguments = std::map<std::string, std::string>;

std::string Hex(ByteSpan bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<int>(byte) >> 4];
    text += kDigits[std::to_integer<int>(byte) & 15];
  }
  return text;
}

std::string Json(const std::vector<std::string>& names,
                 const std::vector<interp::Tensor>& tensors) {
  std::string text = "[";
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    std::string shape;
    for (const std::int64_t size : tensors[i].shape()) {
      shape += (shape.empty() ? "" : ",") + std::to_string(size);
    }
    text += (i == 0 ? "" : ",") + std::string("{\"name\":\"") + names[i] + "\",\"dtype\":\"" +
            std::string(ir::DTypeName(tensors[i].dtype())) + "\",\"shape\":[" + shape +
            "],\"hex\":\"" + Hex(tensors[i].bytes()) + "\"}";
  }
  return text + "]";
}

Status List() {
  for (const target::Profile* profile : target::AllProfiles()) {
    for (const ProbeSpec& spec : SpecsOf(*profile)) {
      std::printf("%s %s %d\n", std::string(ir::GetOpInfo(spec.kind).name).c_str(),
                  std::string(ir::DTypeName(spec.dtype)).c_str(), spec.rank);
    }
  }
  return Status::Ok();
}

Result<ProbeCase> FromSpec(const Arguments& arguments) {
  const auto kind = ir::OpKindFromName(arguments.at("--op"));
  const auto dtype = ir::DTypeFromName(arguments.at("--type"));
  if (!kind || !dtype) return Status(Reason::kInvalidArgument, "unknown operator or type");
  return MakeCase({*kind, *dtype, std::stoi(arguments.at("--rank"))});
}

Result<ProbeCase> FromText(const std::string& path) {
  std::ifstream file(path);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  ProbeCase made;
  SMELT_ASSIGN_OR_RETURN(made.module, ir::Parse(text));
  const ir::Graph& graph = made.module.main();
  for (const ir::ValueId input : graph.inputs()) {
    const ir::TensorType& type = graph.type(input);
    std::vector<std::int64_t> sizes;
    for (const ir::Dim dim : type.shape) sizes.push_back(dim.is_static() ? dim.value() : kOpenSize);
    made.inputs.push_back(MakeTensor(type.dtype, sizes, Values::kExtreme,
                                     static_cast<std::uint32_t>(made.inputs.size())));
  }
  return made;
}

// Text with a diagnostic is an error here: what is probed must be runnable.
Status Legalize(ir::Module& module, const target::Profile& profile) {
  ir::Diagnostics diagnostics;
  passes::PassContext context{module, profile, diagnostics};
  SMELT_RETURN_IF_ERROR(passes::LegalizeStructure(context));
  SMELT_RETURN_IF_ERROR(passes::LegalizeTypes(context));
  if (diagnostics.empty()) return Status::Ok();
  return Status(diagnostics[0].reason, diagnostics[0].message);
}

Status WriteCase(const Arguments& arguments) {
  auto made = arguments.contains("--ir") ? FromText(arguments.at("--ir")) : FromSpec(arguments);
  if (!made.ok()) return made.status();
  const target::Profile& profile = *target::AllProfiles().front();
  // What the source means, before anything is legalized.
  SMELT_ASSIGN_OR_RETURN(const std::vector<interp::Tensor> outputs,
                         interp::Evaluate(made->module, made->module.main_id(), made->inputs));
  if (arguments.contains("--legalize")) {
    SMELT_RETURN_IF_ERROR(Legalize(made->module, profile));
  }
  const std::string path = arguments.at("-o");
  std::ofstream file(path, std::ios::binary);
  tflite_export::WriteOptions options;
  options.append = [&](ByteSpan bytes) {
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    return file ? Status::Ok() : Status(Reason::kIoError, "writing failed");
  };
  const CancelToken cancel;
  SMELT_ASSIGN_OR_RETURN(const auto summary,
                         tflite_export::Write(made->module, profile, options, cancel));
  const ir::Signature& signature = made->module.signatures.front();
  std::ofstream(path + ".json") << "{\"bytes\":" << summary.file_bytes
                                << ",\"inputs\":" << Json(signature.input_names, made->inputs)
                                << ",\"outputs\":" << Json(signature.output_names, outputs)
                                << "}\n";
  return Status::Ok();
}

int Main(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const bool flag =
        std::strcmp(argv[i], "--list") == 0 || std::strcmp(argv[i], "--legalize") == 0;
    const std::string name = argv[i];
    arguments[name] = flag || i + 1 >= argc ? "" : argv[++i];
  }
  Status status(Reason::kUsage, "--list, or -o FILE with --op OP --type T --rank R or --ir TEXT");
  if (arguments.contains("--list")) {
    status = List();
  } else if (arguments.contains("-o") &&
             (arguments.contains("--ir") ||
              (arguments.contains("--op") && arguments.contains("--type") &&
               arguments.contains("--rank")))) {
    status = WriteCase(arguments);
  }
  if (status.ok()) return 0;
  std::fprintf(stderr, "write_probe: %s\n", status.ToString().c_str());
  return 1;
}

}  // namespace
}  // namespace smelt::probe

int main(int argc, char** argv) { return smelt::probe::Main(argc, argv); }
