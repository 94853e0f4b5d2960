#include "core/import/onnx/ops/einsum_equation.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>

namespace smelt::onnx_import {
namespace {

constexpr std::string_view kEllipsis = "...";
constexpr int kLetters = 128;  // labels below are characters, above axes of the ellipsis

Status Malformed(const std::string& why) { return {Reason::kInvalidArgument, why}; }

// One term: letters before and behind an optional ellipsis.
struct Term {
  std::string before, behind;
  bool ellipsis = false;
};

Result<Term> ReadTerm(std::string_view text) {
  Term term;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (text.substr(i, kEllipsis.size()) == kEllipsis) {
      if (term.ellipsis) return Malformed("two ellipses in one term");
      term.ellipsis = true;
      i += kEllipsis.size() - 1;
    } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
      (term.ellipsis ? term.behind : term.before) += c;
    } else {
      return Malformed("unexpected character");
    }
  }
  return term;
}

Labels LabelsOf(const Term& term, int ellipsis_axes) {
  Labels labels(term.before.begin(), term.before.end());
  for (int i = ellipsis_axes; i > 0; --i) labels.push_back(kLetters + i);
  labels.insert(labels.end(), term.behind.begin(), term.behind.end());
  return labels;
}

// Labels become indices into `sizes` in order of appearance.
class Numbering {
 public:
  Status Add(Labels& labels, const ir::Shape& shape, ir::Dims& sizes) {
    for (int i = 0; i < shape.rank(); ++i) {
      int& label = labels[static_cast<std::size_t>(i)];
      const ir::Dim dim = shape.dim(i);
      const auto [found, added] = numbers_.emplace(label, static_cast<int>(sizes.size()));
      label = found->second;
      if (added) {
        sizes.push_back(dim);
        continue;
      }
      ir::Dim& size = sizes[static_cast<std::size_t>(label)];
      const bool differs = size.is_static() && dim.is_static() && size != dim;
      if (differs && size != ir::Dim(1) && dim != ir::Dim(1)) {
        return Malformed("a subscript names axes of different sizes");
      }
      if (size == ir::Dim(1) || (!size.is_static() && dim.is_static() && dim != ir::Dim(1))) {
        size = dim;
      }
    }
    return Status::Ok();
  }
  std::optional<int> Find(int label) const {
    const auto found = numbers_.find(label);
    if (found == numbers_.end()) return std::nullopt;
    return found->second;
  }

 private:
  std::map<int, int> numbers_;
};

// Without an arrow: the ellipsis, then the letters that occur once, in alphabetical order.
Term Implied(const std::vector<Term>& terms) {
  std::map<char, int> counts;
  Term result;
  for (const Term& term : terms) {
    for (const char c : term.before + term.behind) ++counts[c];
    result.ellipsis = result.ellipsis || term.ellipsis;
  }
  for (const auto& [letter, count] : counts) {
    if (count == 1) result.behind += letter;
  }
  return result;
}

std::vector<std::string> Split(std::string_view text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

}  // namespace

Result<Equation> ParseEquation(std::string_view text, std::span<const ir::Shape> inputs) {
  std::string plain(text);
  std::erase(plain, ' ');
  const std::size_t arrow = plain.find("->");
  const std::vector<std::string> parts = Split(std::string_view(plain).substr(0, arrow));
  if (parts.size() != inputs.size()) return Malformed("not one term for each input");
  std::vector<Term> terms;
  int ellipsis_axes = 0;
  std::vector<int> own_axes;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    SMELT_ASSIGN_OR_RETURN(Term term, ReadTerm(parts[i]));
    const int letters = static_cast<int>(term.before.size() + term.behind.size());
    const int rest = inputs[i].rank() - letters;
    if (rest < 0 || (rest > 0 && !term.ellipsis)) {
      return Malformed("term \"" + parts[i] + "\" does not fit the rank of its input");
    }
    own_axes.push_back(rest);
    ellipsis_axes = std::max(ellipsis_axes, rest);
    terms.push_back(std::move(term));
  }
  Equation equation;
  Numbering numbering;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    Labels labels = LabelsOf(terms[i], own_axes[i]);
    SMELT_RETURN_IF_ERROR(numbering.Add(labels, inputs[i], equation.sizes));
    equation.terms.push_back(std::move(labels));
  }
  Term result = Implied(terms);
  if (arrow != std::string::npos) {
    SMELT_ASSIGN_OR_RETURN(result, ReadTerm(std::string_view(plain).substr(arrow + 2)));
  }
  for (const int label : LabelsOf(result, result.ellipsis ? ellipsis_axes : 0)) {
    const auto number = numbering.Find(label);
    if (!number) return Malformed("the result has a subscript that no term has");
    if (std::count(equation.result.begin(), equation.result.end(), *number) > 0) {
      return Malformed("the result repeats a subscript");
    }
    equation.result.push_back(*number);
  }
  return equation;
}

}  // namespace smelt::onnx_import
