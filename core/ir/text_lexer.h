// TextLexer: reads the IR's text form token by token. Blanks and `// comments` separate tokens.
// Every method skips them first; errors are kInvalidArgument with the line number.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/ir/shape.h"
#include "core/ir/symbols.h"

namespace smelt::ir {

class TextLexer {
 public:
  explicit TextLexer(std::string_view text) : text_(text) {}

  bool AtEnd();
  // The next character without taking it; '\0' at the end.
  char Peek();
  // Takes `symbol` ("(", "->") when it is next.
  bool Take(std::string_view symbol);
  Status Expect(std::string_view symbol);
  // Takes the word when it is next as a whole word.
  bool TakeWord(std::string_view word);
  Result<std::string> Word();
  Result<std::string> QuotedString();
  Result<std::string> WordOrString();
  // The label behind "%": letters and digits.
  Result<std::string> Label();
  Result<std::int64_t> Int();
  Result<double> Float();
  // What a number is written as: true for one with a point, an exponent or letters.
  bool NextIsFloat();
  Result<std::vector<std::byte>> HexString();  // "0a1b"
  // "f32[N,3,floor(H/2)]"
  Result<TensorType> Type(SymbolTable& symbols);

  Status Error(std::string_view what) const;

 private:
  void Skip();
  std::string_view NumberText();
  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace smelt::ir
