#include "core/rules/rule.h"

namespace smelt::rules {
namespace {

void ReplaceAll(std::string& text, std::string_view from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
}

}  // namespace

std::string FillDoc(std::string_view doc, Bounds bounds) {
  std::string text(doc);
  ReplaceAll(text, "{lo}", std::to_string(bounds.lo));
  ReplaceAll(text, "{hi}", std::to_string(bounds.hi));
  return text;
}

}  // namespace smelt::rules
