// What the terminal behind a stream can do.
#pragma once

#include <ostream>

#include "client/view/progress.h"

namespace smelt::client {

// The screen behind descriptor `fd`, which `out` writes to. Colours are off when NO_COLOR is set;
// a dumb terminal counts as none.
Screen ScreenOf(int fd, std::ostream& out);

}  // namespace smelt::client
