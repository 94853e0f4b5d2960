// The name that the files about a model begin with.
#pragma once

#include <string>

namespace smelt {

// The file's name without folders and extension; "model" when nothing is left.
std::string FileStem(std::string name);

}  // namespace smelt
