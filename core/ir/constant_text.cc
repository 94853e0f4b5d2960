#include "core/ir/constant_text.h"

#include <cmath>
#include <utility>

#include "core/ir/element_cast.h"
#include "core/ir/text_number.h"

namespace smelt::ir {
namespace {

constexpr std::int64_t kMostNumbers = 16;

// True when numbers say all: integers, and floats that no NaN payload hides in.
bool NumbersSayAll(const Constant& constant) {
  if (!IsNumeric(constant.dtype()) || constant.dtype() == DType::kU64) return false;
  const std::optional<std::vector<double>> values = constant.AsDoubles();
  for (const double value : *values) {
    if (!std::isfinite(value)) return false;
  }
  return true;
}

std::string Numbers(const Constant& constant) {
  std::string text;
  const auto add = [&text](const std::string& number) {
    text += (text.empty() ? "" : ", ") + number;
  };
  if (IsFloat(constant.dtype())) {
    const std::optional<std::vector<double>> values = constant.AsDoubles();
    for (const double value : *values) {
      add(constant.dtype() == DType::kF64 ? FloatText(value)
                                          : FloatText(static_cast<float>(value)));
    }
  } else {
    const std::optional<std::vector<std::int64_t>> values = constant.AsInts();
    for (const std::int64_t value : *values) add(std::to_string(value));
  }
  return "[" + text + "]";
}

Result<Constant> ParseNumbers(TextLexer& lexer, DType dtype, std::vector<std::int64_t> shape) {
  if (!IsNumeric(dtype)) return lexer.Error("this element type is written as hex\"...\"");
  std::vector<double> floats;
  std::vector<std::int64_t> ints;
  SMELT_RETURN_IF_ERROR(lexer.Expect("["));
  while (!lexer.Take("]")) {
    if (!floats.empty() || !ints.empty()) SMELT_RETURN_IF_ERROR(lexer.Expect(","));
    if (IsFloat(dtype)) {
      SMELT_ASSIGN_OR_RETURN(const double value, lexer.Float());
      floats.push_back(value);
    } else {
      SMELT_ASSIGN_OR_RETURN(const std::int64_t value, lexer.Int());
      ints.push_back(value);
    }
  }
  const bool is_float = IsFloat(dtype);
  Result<Constant> wide =
      is_float ? Constant::FromBytes(DType::kF64, std::move(shape), SharedBytes::Own(floats))
               : Constant::FromBytes(DType::kI64, std::move(shape), SharedBytes::Own(ints));
  if (!wide.ok()) return lexer.Error(wide.status().message());
  return wide->Cast(dtype).Evaluated();
}

}  // namespace

std::string ConstantText(const Constant& constant, bool full) {
  const std::int64_t count = constant.element_count();
  if (count > 1 && constant.IsSplat()) {
    const std::vector<std::int64_t> origin(constant.shape().size(), 0);
    const std::vector<std::int64_t> one(constant.shape().size(), 1);
    const Constant element = constant.Sliced(origin, one, one).Evaluated();
    return "splat " + ConstantText(element, true);
  }
  if (count <= kMostNumbers && NumbersSayAll(constant)) return Numbers(constant);
  if (!full && count > kMostNumbers) return "...";
  const SharedBytes bytes = constant.Materialize();
  return "hex\"" + HexText(bytes.span()) + "\"";
}

Result<Constant> ParseConstant(TextLexer& lexer, DType dtype, std::vector<std::int64_t> shape) {
  if (lexer.TakeWord("splat")) {
    if (!Shape::Of(shape).ElementCount().has_value()) return lexer.Error("the shape overflows");
    SMELT_ASSIGN_OR_RETURN(const Constant element, ParseConstant(lexer, dtype, {}));
    if (element.size_bytes() == 0) return lexer.Error("this element type can't be repeated");
    return Constant::Splat(dtype, std::move(shape), element.Materialize().span());
  }
  if (!lexer.TakeWord("hex")) return ParseNumbers(lexer, dtype, std::move(shape));
  SMELT_ASSIGN_OR_RETURN(std::vector<std::byte> bytes, lexer.HexString());
  Result<Constant> made =
      Constant::FromBytes(dtype, std::move(shape), SharedBytes::Own(std::move(bytes)));
  if (!made.ok()) return lexer.Error(made.status().message());
  return made;
}

}  // namespace smelt::ir
