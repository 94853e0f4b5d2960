// Polynomial: a sum of integer multiples of products of atoms, in a normal form that makes equal
// polynomials equal objects. What an atom means is the SymbolTable's business; here it is a number.
// Plain values. Arithmetic that overflows, or grows past kMaxTerms, gives nothing.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace smelt::ir {

using AtomId = std::uint32_t;
using Monomial = std::vector<AtomId>;  // sorted, with repetition; empty is the constant 1

class Polynomial {
 public:
  static constexpr std::size_t kMaxTerms = 64;
  static constexpr std::size_t kMaxDegree = 16;

  Polynomial() = default;  // zero
  static Polynomial Constant(std::int64_t value);
  static Polynomial OfAtom(AtomId atom);

  const std::map<Monomial, std::int64_t>& terms() const { return terms_; }  // no zero coefficients
  bool IsConstant() const;
  std::int64_t constant_term() const;
  // The atom when this is one atom plus a constant.
  std::optional<AtomId> SingleAtom() const;

  static std::optional<Polynomial> Add(const Polynomial& a, const Polynomial& b);
  static std::optional<Polynomial> Sub(const Polynomial& a, const Polynomial& b);
  static std::optional<Polynomial> Mul(const Polynomial& a, const Polynomial& b);
  // a / b when b divides a without a remainder (long division).
  static std::optional<Polynomial> DivideExactly(const Polynomial& a, const Polynomial& b);

  // this = divisor * quotient + rest, each coefficient of rest in [0, divisor). divisor > 0.
  void SplitBy(std::int64_t divisor, Polynomial& quotient, Polynomial& rest) const;
  // Greatest common divisor of the coefficients of all but the constant term; 0 when there are
  // none. For the rest of SplitBy: coefficients must not be negative.
  std::int64_t Content() const;
  // Every coefficient by `divisor`: exact, but the constant term, which is floored.
  Polynomial DividedBy(std::int64_t divisor) const;

  friend auto operator<=>(const Polynomial&, const Polynomial&) = default;

 private:
  // Adds coefficient * monomial; false on overflow.
  bool Accumulate(const Monomial& monomial, std::int64_t coefficient);
  std::map<Monomial, std::int64_t> terms_;
};

// Rounded towards minus infinity. divisor > 0.
std::int64_t FloorDivide(std::int64_t value, std::int64_t divisor);

}  // namespace smelt::ir
