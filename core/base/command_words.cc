#include "core/base/command_words.h"

namespace smelt {

std::vector<std::string> SeparateEmptyValues(const std::vector<std::string>& words) {
  std::vector<std::string> separate;
  bool options = true;
  for (const std::string& word : words) {
    if (word == "--") options = false;
    const bool is_empty_value =
        options && word.size() > 3 && word.starts_with("--") && word.find('=') == word.size() - 1;
    separate.push_back(is_empty_value ? word.substr(0, word.size() - 1) : word);
    if (is_empty_value) separate.emplace_back();
  }
  return separate;
}

}  // namespace smelt
