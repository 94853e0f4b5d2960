// What one option's text says, as the API takes it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "smelt/v1/jobs.pb.h"

namespace smelt::client {

// "NAME=VALUE" with VALUE a number of at least 0; the name may contain '='. kUsage.
Status ParseDim(const std::string& text, std::string* name, std::int64_t* value);

// "NAME=1x3x224x224"; a size of ? stands for "as it is" (-1). kUsage.
Status ParseShape(const std::string& text, std::string* name, v1::TensorSizes* sizes);

// "KEY", or "KEY:" and a list of DIM=SIZE, from=TENSOR and to=TENSOR. kUsage.
Status ParseSignature(const std::string& text, v1::Signature* signature);

// NAME=nhwc or NAME=source of each of `texts`, which `option` gave. kUsage.
Status ParseLayouts(const std::vector<std::string>& texts, const char* option,
                    google::protobuf::Map<std::string, v1::Layout>* layouts);

}  // namespace smelt::client
