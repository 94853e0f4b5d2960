#include "core/ir/text_lexer.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "core/ir/text_number.h"

namespace smelt::ir {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

void TextLexer::Skip() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
      ++at_;
    } else if (text_.substr(at_, 2) == "//") {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else {
      return;
    }
  }
}

Status TextLexer::Error(std::string_view what) const {
  const auto before = text_.substr(0, std::min(at_, text_.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  return Status(Reason::kInvalidArgument,
                "line " + std::to_string(line) + ": " + std::string(what));
}

bool TextLexer::AtEnd() {
  Skip();
  return at_ == text_.size();
}

char TextLexer::Peek() { return AtEnd() ? '\0' : text_[at_]; }

bool TextLexer::Take(std::string_view symbol) {
  Skip();
  if (!text_.substr(at_).starts_with(symbol)) return false;
  at_ += symbol.size();
  return true;
}

Status TextLexer::Expect(std::string_view symbol) {
  if (Take(symbol)) return Status::Ok();
  return Error("expected '" + std::string(symbol) + "'");
}

bool TextLexer::TakeWord(std::string_view word) {
  Skip();
  if (!text_.substr(at_).starts_with(word)) return false;
  const std::size_t end = at_ + word.size();
  if (end < text_.size() && IsWordPart(text_[end])) return false;
  at_ = end;
  return true;
}

Result<std::string> TextLexer::Word() {
  if (!IsWordStart(Peek())) return Error("expected a word");
  const std::size_t from = at_;
  while (at_ < text_.size() && IsWordPart(text_[at_])) ++at_;
  return std::string(text_.substr(from, at_ - from));
}

Result<std::string> TextLexer::Label() {
  Skip();
  const std::size_t from = at_;
  while (at_ < text_.size() && IsWordPart(text_[at_])) ++at_;
  if (from == at_) return Error("expected a value's label");
  return std::string(text_.substr(from, at_ - from));
}

Result<std::string> TextLexer::QuotedString() {
  SMELT_RETURN_IF_ERROR(Expect("\""));
  std::string value;
  while (at_ < text_.size() && text_[at_] != '"') {
    char c = text_[at_++];
    if (c == '\\' && at_ < text_.size()) {
      c = text_[at_++];
      if (c == 'n') {
        c = '\n';
      } else if (c == 'x') {
        if (text_.size() - at_ < 2) break;
        const int high = HexDigit(text_[at_]);
        const int low = HexDigit(text_[at_ + 1]);
        if (high < 0 || low < 0) return Error("\\x takes two hexadecimal digits");
        c = static_cast<char>(high * 16 + low);
        at_ += 2;
      } else if (c != '"' && c != '\\') {
        return Error("unknown escape in a string");
      }
    }
    value += c;
  }
  if (at_ >= text_.size()) return Error("a string does not end");
  ++at_;
  return value;
}

Result<std::string> TextLexer::WordOrString() { return Peek() == '"' ? QuotedString() : Word(); }

std::string_view TextLexer::NumberText() {
  Skip();
  std::size_t end = at_;
  while (end < text_.size() && (IsWordPart(text_[end]) || text_[end] == '-' || text_[end] == '+')) {
    ++end;
  }
  return text_.substr(at_, end - at_);
}

bool TextLexer::NextIsFloat() {
  return NumberText().find_first_of(".einf") != std::string_view::npos;
}

Result<std::int64_t> TextLexer::Int() {
  const std::string_view number = NumberText();
  std::int64_t value = 0;
  const char* end = number.data() + number.size();
  const auto [stop, error] = std::from_chars(number.data(), end, value);
  if (number.empty() || error != std::errc() || stop != end) return Error("expected an integer");
  at_ += number.size();
  return value;
}

Result<double> TextLexer::Float() {
  const std::string_view number = NumberText();
  double value = 0;
  const char* end = number.data() + number.size();
  const auto [stop, error] = std::from_chars(number.data(), end, value);
  if (number.empty() || error != std::errc() || stop != end) return Error("expected a number");
  at_ += number.size();
  return value;
}

Result<std::vector<std::byte>> TextLexer::HexString() {
  SMELT_RETURN_IF_ERROR(Expect("\""));
  const std::size_t end = text_.find('"', at_);
  if (end == std::string_view::npos) return Error("a string does not end");
  const std::string_view digits = text_.substr(at_, end - at_);
  if (digits.size() % 2 != 0) return Error("an odd number of hexadecimal digits");
  std::vector<std::byte> bytes;
  bytes.reserve(digits.size() / 2);
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const int high = HexDigit(digits[i]);
    const int low = HexDigit(digits[i + 1]);
    if (high < 0 || low < 0) return Error("expected hexadecimal digits");
    bytes.push_back(static_cast<std::byte>(high * 16 + low));
  }
  at_ = end + 1;
  return bytes;
}

Result<TensorType> TextLexer::Type(SymbolTable& symbols) {
  SMELT_ASSIGN_OR_RETURN(const std::string name, Word());
  const std::optional<DType> dtype = DTypeFromName(name);
  if (!dtype.has_value()) return Error("no element type is called " + name);
  SMELT_RETURN_IF_ERROR(Expect("["));
  TensorType type{*dtype, {}};
  if (Take("]")) return type;
  int depth = 0;
  bool quoted = false;
  for (std::size_t from = at_; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (c == '\'') quoted = !quoted;
    if (quoted) continue;
    if (c == '(') ++depth;
    if (c == ')') --depth;
    if (depth != 0 || (c != ',' && c != ']')) continue;
    auto dim = symbols.Parse(text_.substr(from, at_ - from));
    if (!dim.ok()) return Error(dim.status().message());
    type.shape.push_back(*dim);
    from = at_ + 1;
    if (c == ']') {
      ++at_;
      return type;
    }
  }
  return Error("a type does not end");
}

}  // namespace smelt::ir
