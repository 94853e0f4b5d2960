// Descriptors 0, 1 and 2, which a program may be started without.
#pragma once

namespace smelt {

// Fills those that are closed, so that no file of ours gets their number and, with it, the text
// that is meant for them. Reading or writing them stays an error. At the start of main.
void FillStandardDescriptors();

}  // namespace smelt
