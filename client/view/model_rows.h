// The rows that descriptions of every format are printed with. Private to the views of models.
#pragma once

#include <ostream>
#include <string>
#include <string_view>

#include "client/view/text.h"

namespace smelt::client {

// "  label       text"; nothing when there is no text.
inline void PrintModelRow(std::ostream& out, const Ink& ink, std::string_view label,
                          const std::string& text) {
  if (text.empty()) return;
  std::string padded(label);
  padded.resize(12, ' ');
  out << "  " << ink.Dim(padded) << text << '\n';
}

// In quotes and safe to print.
inline std::string QuotedName(std::string_view name) { return "\"" + Printable(name) + "\""; }

// "a" or "a, b".
inline void AddItem(std::string& list, const std::string& item) {
  list += (list.empty() ? "" : ", ") + item;
}

}  // namespace smelt::client
