#include "client/cmd/option_values.h"

#include <charconv>
#include <string_view>

namespace smelt::client {
namespace {

bool ReadSize(std::string_view text, std::int64_t* size) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *size);
  return error == std::errc() && stop == end && *size >= 0;
}

}  // namespace

Status ParseDim(const std::string& text, std::string* name, std::int64_t* value) {
  const std::size_t equals = text.rfind('=');
  if (equals == std::string::npos || equals == 0) {
    return Status(Reason::kUsage, "--dim is '" + text + "'; it must be NAME=VALUE");
  }
  if (!ReadSize(std::string_view(text).substr(equals + 1), value)) {
    return Status(Reason::kUsage,
                  "--dim is '" + text + "'; VALUE must be a whole number, at least 0");
  }
  *name = text.substr(0, equals);
  return Status::Ok();
}

Status ParseShape(const std::string& text, std::string* name, v1::TensorSizes* sizes) {
  const std::size_t equals = text.rfind('=');
  const auto refuse = [&text] {
    return Status(Reason::kUsage, "--input-shape is '" + text + "'; it must be NAME=1x3x224x224",
                  "Sizes are whole numbers; ? leaves an axis as it is.");
  };
  if (equals == std::string::npos || equals == 0) return refuse();
  *name = text.substr(0, equals);
  const char* at = text.data() + equals + 1;
  const char* const end = text.data() + text.size();
  while (true) {
    std::int64_t size = -1;
    if (at != end && *at == '?') {
      ++at;
    } else {
      const auto [stop, error] = std::from_chars(at, end, size);
      if (error != std::errc() || size < 0) return refuse();
      at = stop;
    }
    sizes->add_sizes(size);
    if (at == end) return Status::Ok();
    if (*at != 'x' && *at != ',') return refuse();
    ++at;
  }
}

Status ParseSignature(const std::string& text, v1::Signature* signature) {
  const auto refuse = [&text](const std::string& why) {
    return Status(Reason::kUsage, "--signature is '" + text + "'; " + why,
                  "For instance: --signature prefill:seq=128 --signature decode:seq=1");
  };
  const std::size_t colon = text.find(':');
  signature->set_key(text.substr(0, colon));
  if (signature->key().empty()) return refuse("it must begin with a key");
  if (colon == std::string::npos) return Status::Ok();
  std::string_view rest = std::string_view(text).substr(colon + 1);
  for (bool more = true; more;) {
    const std::size_t comma = rest.find(',');
    const std::string_view one = rest.substr(0, comma);
    more = comma != rest.npos;
    if (more) rest.remove_prefix(comma + 1);
    const bool is_tensor = one.starts_with("from=") || one.starts_with("to=");
    const std::size_t equals = is_tensor ? one.find('=') : one.rfind('=');
    if (equals == one.npos || equals == 0 || equals + 1 == one.size()) {
      return refuse("behind the key stand DIM=SIZE, from=TENSOR and to=TENSOR");
    }
    const std::string name(one.substr(0, equals));
    const std::string value(one.substr(equals + 1));
    std::int64_t size = 0;
    if (is_tensor && name == "from") {
      signature->add_from_tensors(value);
    } else if (is_tensor) {
      signature->add_to_tensors(value);
    } else if (!ReadSize(value, &size)) {
      return refuse("SIZE must be a whole number, at least 0, not '" + value + "'");
    } else if (!signature->mutable_dims()->insert({name, size}).second) {
      return refuse("it gives '" + name + "' twice");
    }
  }
  return Status::Ok();
}

Status ParseLayouts(const std::vector<std::string>& texts, const char* option,
                    google::protobuf::Map<std::string, v1::Layout>* layouts) {
  for (const std::string& text : texts) {
    const std::size_t equals = text.rfind('=');
    const std::string layout = equals == std::string::npos ? "" : text.substr(equals + 1);
    if (equals == 0 || (layout != "nhwc" && layout != "source")) {
      return Status(Reason::kUsage, std::string(option) + " is '" + text +
                                        "'; it must be NAME=nhwc or NAME=source");
    }
    const v1::Layout value = layout == "nhwc" ? v1::LAYOUT_CHANNELS_LAST : v1::LAYOUT_SOURCE;
    if (!layouts->insert({text.substr(0, equals), value}).second) {
      return Status(Reason::kUsage,
                    std::string(option) + " gives '" + text.substr(0, equals) + "' twice");
    }
  }
  return Status::Ok();
}

}  // namespace smelt::client
