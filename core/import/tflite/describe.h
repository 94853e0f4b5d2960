// Describes a .tflite file, straight from the container: also one that Read refuses. The bytes may
// be hostile: what contradicts the format is listed as a problem, not followed.
#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/import/tflite/model_description.h"

namespace smelt::tflite_import {

// True when the bytes carry the format's identifier. Reads the first eight only.
bool LooksLikeTflite(ByteSpan file);

// kNotAModel without the identifier; kModelMalformed when the FlatBuffer is not well-formed.
// Time and memory are linear in the file: lists and names that tables share are copied as often
// as the file has bytes for, what is beyond is left out and said so among the problems.
Result<ModelDescription> Describe(const SharedBytes& file);

}  // namespace smelt::tflite_import
