// The text of symbolic dimensions: what SymbolTable::Text prints, SymbolTable::Parse reads.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include "core/ir/symbol_impl.h"
#include "core/ir/symbols.h"

namespace smelt::ir {
namespace {

bool IsWordStart(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsWordPart(char c) { return IsWordStart(c) || IsDigit(c) || c == '.'; }

// True when `name` reads back as itself without quotes.
bool IsPlainName(std::string_view name) {
  if (name.empty() || name == "floor" || name == "min" || name == "max") return false;
  if (name[0] == '?') {
    return name.size() > 1 && std::all_of(name.begin() + 1, name.end(), IsDigit);
  }
  return IsWordStart(name[0]) && std::all_of(name.begin(), name.end(), IsWordPart);
}

std::string NameText(std::string_view name) {
  if (IsPlainName(name)) return std::string(name);
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string quoted = "'";
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\'' || c == '\\' || byte < 0x20) {
      quoted += "\\x";
      quoted += kHex[byte >> 4];
      quoted += kHex[byte & 15U];
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

// Recursive descent over one expression.
class ExpressionParser {
 public:
  ExpressionParser(SymbolTable& symbols, std::string_view text) : symbols_(symbols), text_(text) {}

  Result<Dim> ParseAll() {
    Dim value;
    if (!Sum(value, 0) || (Skip(), at_ != text_.size())) {
      return Status(Reason::kInvalidArgument, "not a dimension: \"" + std::string(text_) +
                                                  "\" at column " + std::to_string(at_ + 1));
    }
    return value;
  }

 private:
  static constexpr int kMaxDepth = 200;

  void Skip() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool Take(char c) {
    Skip();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool Sum(Dim& value, int depth) {
    if (depth > kMaxDepth) return false;
    const bool negative = Take('-');
    if (!Term(value, depth)) return false;
    if (negative) value = symbols_.Sub(0, value);
    while (true) {
      const bool plus = Take('+');
      if (!plus && !Take('-')) return true;
      Dim next;
      if (!Term(next, depth)) return false;
      value = plus ? symbols_.Add(value, next) : symbols_.Sub(value, next);
    }
  }

  bool Term(Dim& value, int depth) {
    if (!Factor(value, depth)) return false;
    while (Take('*')) {
      Dim next;
      if (!Factor(next, depth)) return false;
      value = symbols_.Mul(value, next);
    }
    return true;
  }

  bool Factor(Dim& value, int depth) {
    Skip();
    if (at_ == text_.size()) return false;
    const char c = text_[at_];
    if (IsDigit(c)) return Number(value);
    if (c == '\'') return Quoted(value);
    if (Take('(')) return Sum(value, depth + 1) && Take(')');
    if (c != '?' && !IsWordStart(c)) return false;
    const std::size_t from = at_++;
    while (at_ < text_.size() && IsWordPart(text_[at_])) ++at_;
    const std::string_view word = text_.substr(from, at_ - from);
    if (word == "floor" || word == "min" || word == "max") return Call(word, value, depth);
    value = symbols_.Named(word, {});
    return word != "?";
  }

  bool Call(std::string_view word, Dim& value, int depth) {
    Dim a;
    Dim b;
    if (!Take('(') || !Sum(a, depth + 1) || !Take(word == "floor" ? '/' : ',') ||
        !Sum(b, depth + 1) || !Take(')')) {
      return false;
    }
    value = word == "floor" ? symbols_.FloorDiv(a, b)
            : word == "min" ? symbols_.Min(a, b)
                            : symbols_.Max(a, b);
    return true;
  }

  bool Number(Dim& value) {
    std::int64_t number = 0;
    const char* from = text_.data() + at_;
    const auto [end, error] = std::from_chars(from, text_.data() + text_.size(), number);
    if (error != std::errc()) return false;
    at_ += static_cast<std::size_t>(end - from);
    value = number;
    return true;
  }

  bool Quoted(Dim& value) {
    std::string name;
    for (++at_; at_ < text_.size() && text_[at_] != '\''; ++at_) {
      if (text_[at_] != '\\') {
        name += text_[at_];
        continue;
      }
      unsigned byte = 0;
      if (at_ + 3 >= text_.size() || text_[at_ + 1] != 'x') return false;
      const char* digits = text_.data() + at_ + 2;
      if (std::from_chars(digits, digits + 2, byte, 16).ptr != digits + 2) return false;
      name += static_cast<char>(byte);
      at_ += 3;
    }
    if (at_ == text_.size()) return false;
    ++at_;
    value = symbols_.Named(name, {});
    return true;
  }

  SymbolTable& symbols_;
  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::string SymbolTable::Impl::TextOf(AtomId id) const {
  const SymbolAtom& atom = atoms[id];
  switch (atom.kind) {
    case SymbolAtom::Kind::kNamed:
      return NameText(atom.name);
    case SymbolAtom::Kind::kMin:
      return "min(" + TextOf(Expand(atom.a)) + ", " + TextOf(Expand(atom.b)) + ")";
    case SymbolAtom::Kind::kMax:
      return "max(" + TextOf(Expand(atom.a)) + ", " + TextOf(Expand(atom.b)) + ")";
    case SymbolAtom::Kind::kFloor:
      break;
  }
  const auto in_parentheses = [this](Dim dim) {
    const Polynomial polynomial = Expand(dim);
    const std::string text = TextOf(polynomial);
    return polynomial.terms().size() > 1 ? "(" + text + ")" : text;
  };
  return "floor(" + in_parentheses(atom.a) + "/" + in_parentheses(atom.b) + ")";
}

std::string SymbolTable::Impl::TextOf(const Polynomial& polynomial) const {
  // By degree, then by text: the order of creation must not show.
  struct Part {
    std::size_t degree;
    std::string product;
    std::int64_t coefficient;
  };
  std::vector<Part> parts;
  for (const auto& [monomial, coefficient] : polynomial.terms()) {
    std::vector<std::string> factors;
    for (const AtomId atom : monomial) factors.push_back(TextOf(atom));
    std::sort(factors.begin(), factors.end());
    std::string product;
    for (const std::string& factor : factors) product += (product.empty() ? "" : "*") + factor;
    parts.push_back({monomial.size(), std::move(product), coefficient});
  }
  std::sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) {
    return a.degree != b.degree ? a.degree > b.degree : a.product < b.product;
  });
  std::string text;
  for (const Part& part : parts) {
    std::string term = std::to_string(part.coefficient);
    const bool negative = term[0] == '-';
    if (negative) term.erase(0, 1);  // not by negation: INT64_MIN has none
    if (!part.product.empty()) term = term == "1" ? part.product : term + "*" + part.product;
    if (text.empty()) {
      text = (negative ? "-" : "") + term;
    } else {
      text += (negative ? " - " : " + ") + term;
    }
  }
  return text.empty() ? "0" : text;
}

std::string SymbolTable::Text(Dim dim) const {
  if (dim.is_unknown()) return "?";
  if (dim.is_static()) return std::to_string(dim.value());
  return impl_->TextOf(impl_->Expand(dim));
}

std::string SymbolTable::Text(const TensorType& type) const {
  std::string text(DTypeName(type.dtype));
  text += '[';
  for (int axis = 0; axis < type.shape.rank(); ++axis) {
    if (axis > 0) text += ',';
    text += Text(type.shape.dim(axis));
  }
  return text + "]";
}

Result<Dim> SymbolTable::Parse(std::string_view text) {
  return ExpressionParser(*this, text).ParseAll();
}

}  // namespace smelt::ir
