// The samples that files hold for a signature.
#pragma once

#include <memory>

#include "core/base/result.h"
#include "core/calibrate/data_file.h"
#include "core/calibrate/sample_stream.h"
#include "core/ir/module.h"

namespace smelt::calibrate {

// Reads the headers of all files at once, and elements as samples are taken. What does not fit is
// refused with kCalibrationDataInvalid or kUnsupportedType and the file's name: an input without
// data, or with fewer samples than another one, too. kUnknownTensorName for an input that the
// signature has not.
Result<std::unique_ptr<SampleStream>> OpenFileSamples(const ir::Module& module,
                                                      const ir::Signature& signature,
                                                      const DataFiles& data);

}  // namespace smelt::calibrate
