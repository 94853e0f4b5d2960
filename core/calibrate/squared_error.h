// The range of least mean squared error; see method.h, kMse.
#pragma once

#include "core/calibrate/statistics.h"

namespace smelt::calibrate {

// Holds zero. Requires a filled histogram and at least two levels.
Range LeastSquaredError(const TensorStatistics& statistics, int levels);

}  // namespace smelt::calibrate
