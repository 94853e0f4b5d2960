#include "core/convert/file_stem.h"

namespace smelt {

std::string FileStem(std::string name) {
  name.erase(0, name.find_last_of('/') + 1);
  const std::size_t dot = name.find_last_of('.');
  if (dot != std::string::npos && dot > 0) name.erase(dot);
  return name.empty() ? "model" : name;
}

}  // namespace smelt
