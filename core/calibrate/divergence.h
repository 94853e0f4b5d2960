// The range whose quantized distribution diverges least; see method.h, kKl.
#pragma once

#include "core/calibrate/statistics.h"

namespace smelt::calibrate {

// Around zero. Requires a filled histogram and at least two levels.
Range LeastDivergence(const TensorStatistics& statistics, int levels);

}  // namespace smelt::calibrate
