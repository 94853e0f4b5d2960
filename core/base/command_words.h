// Words of a command line, made fit for CLI11.
#pragma once

#include <string>
#include <vector>

namespace smelt {

// An empty value becomes a word of its own: "--name=" is "--name" and "". After "--name=" CLI11
// would take the next word for the value. What stands behind "--" is left alone.
std::vector<std::string> SeparateEmptyValues(const std::vector<std::string>& words);

}  // namespace smelt
