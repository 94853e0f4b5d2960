#include "core/ir/polynomial.h"

#include <algorithm>
#include <iterator>
#include <numeric>

namespace smelt::ir {
namespace {

Monomial Product(const Monomial& a, const Monomial& b) {
  Monomial product;
  product.reserve(a.size() + b.size());
  std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(product));
  return product;
}

// a / b; nothing when b is not a part of a.
std::optional<Monomial> Quotient(const Monomial& a, const Monomial& b) {
  if (!std::includes(a.begin(), a.end(), b.begin(), b.end())) return std::nullopt;
  Monomial rest;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(rest));
  return rest;
}

using Term = std::pair<const Monomial, std::int64_t>;

// The leading term in graded order, reverse: an order that products respect, as long division
// needs.
const Term& LeadingTerm(const std::map<Monomial, std::int64_t>& terms) {
  // Of equal degree, exponents are compared from the smallest atom on; for sorted lists with
  // repetition of one length that is the lexicographic order of the lists.
  return *std::max_element(terms.begin(), terms.end(), [](const Term& a, const Term& b) {
    if (a.first.size() != b.first.size()) return a.first.size() < b.first.size();
    return a.first > b.first;
  });
}

}  // namespace

std::int64_t FloorDivide(std::int64_t value, std::int64_t divisor) {
  const std::int64_t quotient = value / divisor;
  return value % divisor < 0 ? quotient - 1 : quotient;
}

Polynomial Polynomial::Constant(std::int64_t value) {
  Polynomial made;
  if (value != 0) made.terms_[{}] = value;
  return made;
}

Polynomial Polynomial::OfAtom(AtomId atom) {
  Polynomial made;
  made.terms_[{atom}] = 1;
  return made;
}

bool Polynomial::IsConstant() const {
  return terms_.empty() || (terms_.size() == 1 && terms_.begin()->first.empty());
}

std::int64_t Polynomial::constant_term() const {
  const auto at = terms_.find({});
  return at == terms_.end() ? 0 : at->second;
}

std::optional<AtomId> Polynomial::SingleAtom() const {
  std::optional<AtomId> found;
  for (const auto& [monomial, coefficient] : terms_) {
    if (monomial.empty()) continue;
    if (found.has_value() || monomial.size() != 1 || coefficient != 1) return std::nullopt;
    found = monomial[0];
  }
  return found;
}

bool Polynomial::Accumulate(const Monomial& monomial, std::int64_t coefficient) {
  if (coefficient == 0) return true;
  const auto [at, is_new] = terms_.try_emplace(monomial, coefficient);
  if (is_new) return terms_.size() <= kMaxTerms && monomial.size() <= kMaxDegree;
  if (__builtin_add_overflow(at->second, coefficient, &at->second)) return false;
  if (at->second == 0) terms_.erase(at);
  return true;
}

std::optional<Polynomial> Polynomial::Add(const Polynomial& a, const Polynomial& b) {
  Polynomial sum = a;
  for (const auto& [monomial, coefficient] : b.terms_) {
    if (!sum.Accumulate(monomial, coefficient)) return std::nullopt;
  }
  return sum;
}

std::optional<Polynomial> Polynomial::Sub(const Polynomial& a, const Polynomial& b) {
  const std::optional<Polynomial> negated = Mul(b, Constant(-1));
  return negated.has_value() ? Add(a, *negated) : std::nullopt;
}

std::optional<Polynomial> Polynomial::Mul(const Polynomial& a, const Polynomial& b) {
  Polynomial product;
  for (const auto& [left, left_coefficient] : a.terms_) {
    for (const auto& [right, right_coefficient] : b.terms_) {
      std::int64_t coefficient = 0;
      if (__builtin_mul_overflow(left_coefficient, right_coefficient, &coefficient) ||
          !product.Accumulate(Product(left, right), coefficient)) {
        return std::nullopt;
      }
    }
  }
  return product;
}

std::optional<Polynomial> Polynomial::DivideExactly(const Polynomial& a, const Polynomial& b) {
  if (b.terms_.empty()) return std::nullopt;
  const auto& [divisor, divisor_coefficient] = LeadingTerm(b.terms_);
  Polynomial quotient;
  Polynomial rest = a;
  for (std::size_t step = 0; !rest.terms_.empty(); ++step) {
    if (step == 4 * kMaxTerms) return std::nullopt;
    const auto& [monomial, coefficient] = LeadingTerm(rest.terms_);
    const std::optional<Monomial> part = Quotient(monomial, divisor);
    // -1 is left out: INT64_MIN / -1 overflows.
    if (!part.has_value() || divisor_coefficient == -1 || coefficient % divisor_coefficient != 0) {
      return std::nullopt;
    }
    Polynomial term;
    if (!term.Accumulate(*part, coefficient / divisor_coefficient)) return std::nullopt;
    std::optional<Polynomial> taken = Mul(term, b);
    if (!taken.has_value()) return std::nullopt;
    std::optional<Polynomial> left = Sub(rest, *taken);
    std::optional<Polynomial> grown = Add(quotient, term);
    if (!left.has_value() || !grown.has_value()) return std::nullopt;
    rest = *std::move(left);
    quotient = *std::move(grown);
  }
  return quotient;
}

void Polynomial::SplitBy(std::int64_t divisor, Polynomial& quotient, Polynomial& rest) const {
  quotient = {};
  rest = {};
  for (const auto& [monomial, coefficient] : terms_) {
    const std::int64_t whole = FloorDivide(coefficient, divisor);
    // Not coefficient - whole * divisor: that product can overflow.
    const std::int64_t left = coefficient % divisor;
    if (whole != 0) quotient.terms_[monomial] = whole;
    if (left != 0) rest.terms_[monomial] = left < 0 ? left + divisor : left;
  }
}

std::int64_t Polynomial::Content() const {
  std::int64_t content = 0;
  for (const auto& [monomial, coefficient] : terms_) {
    if (!monomial.empty()) content = std::gcd(content, coefficient);
  }
  return content;
}

Polynomial Polynomial::DividedBy(std::int64_t divisor) const {
  Polynomial divided;
  for (const auto& [monomial, coefficient] : terms_) {
    const std::int64_t part = FloorDivide(coefficient, divisor);
    if (part != 0) divided.terms_[monomial] = part;
  }
  return divided;
}

}  // namespace smelt::ir
