#include "server/jobs/operation_checks.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/utf8.h"

namespace smelt::jobs {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr std::size_t kMaxFileNameBytes = 255;
constexpr std::size_t kMaxPathBytes = 1024;
constexpr std::size_t kMaxRawTypeBytes = 16;
constexpr int kMaxEntries = 1024;  // of each list and map of the options
constexpr int kMaxWhole = 64;      // of a list whose entries each cost a pass over the model
constexpr std::size_t kMaxSignatureKeyBytes = 64;
constexpr std::size_t kMaxStringBytes = 1024;
constexpr std::uint64_t kDefaultPartBytes = 1'073'741'824;
constexpr std::uint64_t kMaxPartBytes = 2'146'435'072;  // as far as the format's offsets reach
constexpr std::uint64_t kMaxParts = 1024;
constexpr std::size_t kMaxBaseNameBytes = 200;
constexpr std::size_t kMaxShownBytes = 64;  // of a name in a message

Status Invalid(const std::string& field, const std::string& found, const std::string& allowed) {
  return Status(Reason::kInvalidArgument, field + " " + found + "; " + allowed);
}

// A path that stays inside its bundle: relative, no empty, "." or ".." parts.
bool StaysInside(std::string_view path) {
  if (path.empty() || path.size() > kMaxPathBytes || path.find('\0') != path.npos) return false;
  while (true) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == path.npos) return true;
    path.remove_prefix(slash + 1);
  }
}

Status CheckCalibration(const v1::ConvertOperation& operation) {
  const bool has_files = operation.calibration_files_size() != 0;
  if (operation.options().has_calibration() != has_files) {
    return Status(Reason::kInvalidArgument,
                  has_files ? "calibration_files are set without options.calibration"
                            : "options.calibration is set without calibration_files");
  }
  const std::size_t files = operation.input().external_files().size() +
                            static_cast<std::size_t>(operation.calibration_files_size());
  if (files > kMaxExternalFiles) {
    return Status(Reason::kInvalidArgument,
                  "a job has at most " + std::to_string(kMaxExternalFiles) +
                      " external and calibration files, not " + std::to_string(files),
                  "Store the samples in fewer files, as one .npz holds many.");
  }
  for (const v1::CalibrationFile& file : operation.calibration_files()) {
    if (!file.has_blob()) {
      return Status(Reason::kInvalidArgument, "calibration_files.blob is not set");
    }
    if (file.name().size() > kMaxFileNameBytes || file.input().size() > kMaxStringBytes ||
        file.raw_type().size() > kMaxRawTypeBytes) {
      return Status(Reason::kInvalidArgument,
                    "calibration_files: a name has at most 255 bytes, an input 1,024, and a raw "
                    "type 16");
    }
  }
  return Status::Ok();
}

Status CheckInput(const v1::ModelInput& input) {
  if (!input.has_model()) return Status(Reason::kInvalidArgument, "input.model is not set");
  const std::string& name = input.file_name();
  if (name.size() > kMaxFileNameBytes || name.find('/') != name.npos ||
      name.find('\0') != name.npos) {
    return Status(Reason::kInvalidArgument,
                  "input.file_name must be a plain file name of at most 255 bytes");
  }
  if (input.external_files().size() > kMaxExternalFiles) {
    return Status(Reason::kInvalidArgument, "a bundle has at most " +
                                                std::to_string(kMaxExternalFiles) + " files, not " +
                                                std::to_string(input.external_files().size()));
  }
  for (const auto& [path, digest] : input.external_files()) {
    if (!StaysInside(path)) {
      return Status(Reason::kExternalPathEscapes,
                    "external file path \"" + path + "\" is not a relative path in the bundle");
    }
  }
  return Status::Ok();
}

// --- Options: every field of whatever type, so that a new one is bounded from its first day ---

bool MeansNothing(const google::protobuf::EnumValueDescriptor& value) {
  return std::string_view(value.name()).ends_with("_UNSPECIFIED");
}

Status CheckEnum(const EnumDescriptor& type, int number, bool listed, const std::string& where) {
  const auto* value = type.FindValueByNumber(number);
  if (value != nullptr && !(listed && MeansNothing(*value))) return Status::Ok();
  std::string allowed;
  for (int i = 0; i < type.value_count(); ++i) {
    if (listed && MeansNothing(*type.value(i))) continue;
    allowed += (allowed.empty() ? "it must be " : ", ") + type.value(i)->name() + " (" +
               std::to_string(type.value(i)->number()) + ")";
  }
  return Invalid(where, "is " + std::to_string(number), allowed);
}

// Entries of lists and keys of maps are names, and no name is empty.
Status CheckString(const std::string& text, bool listed, const std::string& where) {
  if (listed && text.empty()) return Invalid(where, "holds an empty name", "a name has a byte");
  if (text.size() <= kMaxStringBytes) return Status::Ok();
  return Invalid(where, "holds a text of " + std::to_string(text.size()) + " bytes",
                 "at most " + std::to_string(kMaxStringBytes) + " are allowed");
}

Status CheckFields(const Message& message, const std::string& where);

// One value: of a field, or the entry `index` of a list.
Status CheckValue(const Message& message, const FieldDescriptor& field, int index,
                  const std::string& where) {
  const Reflection& reflection = *message.GetReflection();
  const bool listed = index >= 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_ENUM:
      return CheckEnum(*field.enum_type(),
                       listed ? reflection.GetRepeatedEnumValue(message, &field, index)
                              : reflection.GetEnumValue(message, &field),
                       listed, where);
    case FieldDescriptor::CPPTYPE_STRING:
      return CheckString(listed ? reflection.GetRepeatedString(message, &field, index)
                                : reflection.GetString(message, &field),
                         listed, where);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return CheckFields(listed ? reflection.GetRepeatedMessage(message, &field, index)
                                : reflection.GetMessage(message, &field),
                         where);
    default:
      return Status::Ok();
  }
}

// An entry of a map. All keys are strings.
Status CheckEntry(const Message& entry, const std::string& where) {
  const FieldDescriptor& key = *entry.GetDescriptor()->map_key();
  const FieldDescriptor& value = *entry.GetDescriptor()->map_value();
  const std::string name = entry.GetReflection()->GetString(entry, &key);
  SMELT_RETURN_IF_ERROR(CheckString(name, true, where));
  return CheckValue(entry, value, -1, where + "[\"" + ClipUtf8(name, kMaxShownBytes) + "\"]");
}

Status CheckRepeated(const Message& message, const FieldDescriptor& field,
                     const std::string& where) {
  const Reflection& reflection = *message.GetReflection();
  const int size = reflection.FieldSize(message, &field);
  const bool is_whole = field.containing_type() == v1::ConvertOptions::descriptor() &&
                        (field.number() == v1::ConvertOptions::kDumpAfterFieldNumber ||
                         field.number() == v1::ConvertOptions::kSignaturesFieldNumber);
  const int limit = is_whole ? kMaxWhole : kMaxEntries;
  if (size > limit) {
    return Invalid(where, "has " + std::to_string(size) + " entries",
                   "at most " + std::to_string(limit) + " are allowed");
  }
  for (int i = 0; i < size; ++i) {
    SMELT_RETURN_IF_ERROR(field.is_map()
                              ? CheckEntry(reflection.GetRepeatedMessage(message, &field, i), where)
                              : CheckValue(message, field, i, where));
  }
  return Status::Ok();
}

Status CheckFields(const Message& message, const std::string& where) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const std::string name = where + "." + field->name();
    SMELT_RETURN_IF_ERROR(field->is_repeated() ? CheckRepeated(message, *field, name)
                                               : CheckValue(message, *field, -1, name));
  }
  return Status::Ok();
}

Status CheckAtLeast(std::int64_t least, std::int64_t value, const std::string& where) {
  if (value >= least) return Status::Ok();
  return Invalid(where, "is " + std::to_string(value),
                 "it must be at least " + std::to_string(least));
}

using Dims = google::protobuf::Map<std::string, std::int64_t>;

Status CheckDims(const Dims& dims, const std::string& where) {
  for (const auto& [name, value] : dims) {
    SMELT_RETURN_IF_ERROR(
        CheckAtLeast(0, value, where + "[\"" + ClipUtf8(name, kMaxShownBytes) + "\"]"));
  }
  return Status::Ok();
}

Status CheckSignatures(const v1::ConvertOptions& options) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
  std::set<std::string_view> keys;
  for (const v1::Signature& signature : options.signatures()) {
    const std::string& key = signature.key();
    const std::string shown = "\"" + ClipUtf8(key, kMaxShownBytes) + "\"";
    if (key.empty() || key.size() > kMaxSignatureKeyBytes ||
        key.find_first_not_of(kAllowed) != key.npos) {
      return Invalid("options.signatures.key", "is " + shown,
                     "it must be 1 to 64 of [A-Za-z0-9_.-]");
    }
    if (!keys.insert(key).second) {
      return Invalid("options.signatures.key", "is " + shown + " twice", "keys must differ");
    }
    SMELT_RETURN_IF_ERROR(CheckDims(signature.dims(), "options.signatures.dims"));
  }
  return Status::Ok();
}

Status CheckAtMost(std::uint64_t most, std::uint64_t value, const std::string& where) {
  if (value <= most) return Status::Ok();
  return Invalid(where, "is " + std::to_string(value),
                 "it must be at most " + std::to_string(most));
}

Status CheckSplit(const v1::SplitOptions& split) {
  const std::uint64_t max_bytes = split.max_bytes() == 0 ? kDefaultPartBytes : split.max_bytes();
  SMELT_RETURN_IF_ERROR(CheckAtMost(kMaxPartBytes, max_bytes, "options.split.max_bytes"));
  SMELT_RETURN_IF_ERROR(CheckAtMost(max_bytes, split.target_bytes(), "options.split.target_bytes"));
  SMELT_RETURN_IF_ERROR(CheckAtMost(kMaxParts, split.parts(), "options.split.parts"));
  const std::string& name = split.base_name();
  if (name.size() > kMaxBaseNameBytes || name.find('/') != name.npos ||
      name.find('\0') != name.npos) {
    return Invalid(
        "options.split.base_name", "is \"" + ClipUtf8(name, kMaxShownBytes) + "\"",
        "it must be a plain name of at most " + std::to_string(kMaxBaseNameBytes) + " bytes");
  }
  if (split.parts() == 0 || split.at_tensors().empty()) return Status::Ok();
  return Invalid("options.split", "has parts and at_tensors", "it may have one of them");
}

Status CheckSize(const Message& operation) {
  const std::size_t bytes = operation.ByteSizeLong();
  if (bytes <= kMaxOperationBytes) return Status::Ok();
  return Invalid("the operation", "has " + std::to_string(bytes) + " bytes",
                 "at most " + std::to_string(kMaxOperationBytes) + " are allowed");
}

}  // namespace

Status CheckOptions(const v1::ConvertOptions& options) {
  SMELT_RETURN_IF_ERROR(CheckFields(options, "options"));
  SMELT_RETURN_IF_ERROR(CheckDims(options.dims(), "options.dims"));
  SMELT_RETURN_IF_ERROR(CheckSignatures(options));
  if (options.has_split()) SMELT_RETURN_IF_ERROR(CheckSplit(options.split()));
  if (options.has_split() && options.signatures_size() > 1) {
    return Invalid("options.split", "is set beside several signatures", "it may have only one");
  }
  for (const auto& [name, shape] : options.input_shapes()) {
    for (const std::int64_t size : shape.sizes()) {
      SMELT_RETURN_IF_ERROR(CheckAtLeast(
          -1, size, "a size of options.input_shapes[\"" + ClipUtf8(name, kMaxShownBytes) + "\"]"));
    }
  }
  if (options.has_weight_quantization() && options.precision() != v1::PRECISION_DYNAMIC_RANGE) {
    return Invalid("options.weight_quantization", "is set",
                   "it needs options.precision PRECISION_DYNAMIC_RANGE (2)");
  }
  const bool integers =
      options.precision() == v1::PRECISION_INT8 || options.precision() == v1::PRECISION_INT16X8;
  if (options.has_activation_quantization() && !integers) {
    return Invalid("options.activation_quantization", "is set",
                   "it needs options.precision PRECISION_INT8 (3) or PRECISION_INT16X8 (4)");
  }
  if (options.activation_quantization().ports() == v1::PORT_UINT8 &&
      options.precision() != v1::PRECISION_INT8) {
    return Invalid("options.activation_quantization.ports", "is PORT_UINT8 (2)",
                   "it needs options.precision PRECISION_INT8 (3)");
  }
  const double percentile = options.calibration().percentile();
  if (percentile != 0 && !(percentile > 50 && percentile <= 100)) {
    return Invalid("options.calibration.percentile", "is " + std::to_string(percentile),
                   "it must be above 50 and at most 100");
  }
  SMELT_RETURN_IF_ERROR(CheckAtLeast(0, options.weight_quantization().fewest_elements(),
                                     "options.weight_quantization.fewest_elements"));
  return CheckAtLeast(0, options.batch(), "options.batch");
}

Status CheckOperation(const v1::ConvertOperation& operation) {
  SMELT_RETURN_IF_ERROR(CheckInput(operation.input()));
  SMELT_RETURN_IF_ERROR(CheckOptions(operation.options()));
  SMELT_RETURN_IF_ERROR(CheckCalibration(operation));
  return CheckSize(operation);
}

Status CheckOperation(const v1::InspectOperation& operation) {
  SMELT_RETURN_IF_ERROR(CheckInput(operation.input()));
  return CheckSize(operation);
}

}  // namespace smelt::jobs
