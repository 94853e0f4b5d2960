#include "core/ir/symbols.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "core/base/status.h"
#include "core/ir/symbol_impl.h"

namespace smelt::ir {
namespace {

// A number that tells dimensions apart, for keys.
std::int64_t KeyOf(Dim dim) {
  return dim.is_static() ? dim.value() : -1 - std::int64_t{dim.symbol()};
}

bool AnyUnknown(Dim a, Dim b) { return a.is_unknown() || b.is_unknown(); }

bool AreStatic(Dim a, Dim b) { return a.is_static() && b.is_static(); }

// Most dimensions are numbers: these three spare them the algebra. Nothing where the result is not
// a static dimension.
template <class Operation>
std::optional<Dim> OfNumbers(Dim a, Dim b, Operation operation) {
  std::int64_t result = 0;
  if (!AreStatic(a, b) || operation(a.value(), b.value(), &result)) return std::nullopt;
  if (result < Dim::kMinStatic) return std::nullopt;
  return Dim(result);
}

}  // namespace

// --- Impl: interning ---

AtomId SymbolTable::Impl::InternName(std::string_view name, DimOrigin origin) {
  const auto found = by_name.find(name);
  if (found != by_name.end()) return found->second;
  const auto id = static_cast<AtomId>(atoms.size());
  SymbolAtom& atom = atoms.emplace_back();
  atom.name = name;
  atom.origin = std::move(origin);
  by_name.emplace(name, id);
  names.emplace_back(name);
  return id;
}

Dim SymbolTable::Impl::MakeFresh(bool at_least_zero) {
  std::string name;
  do {
    name = "?" + std::to_string(next_fresh++);
  } while (by_name.contains(name));
  const AtomId atom = InternName(name, {});
  atoms[atom].at_least_zero = at_least_zero;
  return Intern(Polynomial::OfAtom(atom));
}

Polynomial SymbolTable::Impl::Expand(Dim dim) const {
  SMELT_CHECK(!dim.is_unknown());
  if (dim.is_static()) return Polynomial::Constant(dim.value());
  SMELT_CHECK(dim.symbol() < expressions.size());
  return expressions[dim.symbol()];
}

Dim SymbolTable::Impl::Intern(const std::optional<Polynomial>& polynomial, bool at_least_zero) {
  if (!polynomial.has_value()) return MakeFresh(at_least_zero);
  if (WeightOf(*polynomial) > kMaxWeight) return MakeFresh(AtLeastZero(*polynomial));
  if (polynomial->IsConstant() && polynomial->constant_term() >= Dim::kMinStatic) {
    return Dim(polynomial->constant_term());
  }
  const auto [at, is_new] =
      ids.try_emplace(*polynomial, static_cast<std::uint32_t>(expressions.size()));
  if (is_new) expressions.push_back(*polynomial);
  return Dim::Symbol(at->second);
}

Dim SymbolTable::Impl::InternAtom(SymbolAtom::Kind kind, Dim a, Dim b) {
  const auto [at, is_new] =
      by_operands.try_emplace({kind, KeyOf(a), KeyOf(b)}, static_cast<AtomId>(atoms.size()));
  if (is_new) {
    const Polynomial left = Expand(a);
    const Polynomial right = Expand(b);
    const bool left_positive = AtLeastZero(left);
    const bool right_positive = AtLeastZero(right);
    SymbolAtom& atom = atoms.emplace_back();
    atom.kind = kind;
    atom.a = a;
    atom.b = b;
    atom.at_least_zero = kind == SymbolAtom::Kind::kMax ? left_positive || right_positive
                                                        : left_positive && right_positive;
    atom.weight = 1 + WeightOf(left) + WeightOf(right);
  }
  return Intern(Polynomial::OfAtom(at->second));
}

std::uint32_t SymbolTable::Impl::WeightOf(const Polynomial& polynomial) const {
  std::uint32_t weight = 0;
  for (const auto& [monomial, coefficient] : polynomial.terms()) {
    ++weight;
    for (const AtomId atom : monomial) weight += atoms[atom].weight;
  }
  return weight;
}

bool SymbolTable::Impl::AtLeastZero(const Polynomial& polynomial) const {
  return std::all_of(
      polynomial.terms().begin(), polynomial.terms().end(), [this](const auto& term) {
        return term.second >= 0 &&
               std::all_of(term.first.begin(), term.first.end(),
                           [this](AtomId atom) { return atoms[atom].at_least_zero; });
      });
}

std::optional<std::int64_t> SymbolTable::Impl::ConstantOf(Dim dim) const {
  if (dim.is_static()) return dim.value();
  const Polynomial polynomial = Expand(dim);
  if (!polynomial.IsConstant()) return std::nullopt;
  return polynomial.constant_term();
}

// --- The algebra ---

SymbolTable::SymbolTable() : impl_(std::make_unique<Impl>()) {}
SymbolTable::~SymbolTable() = default;
SymbolTable::SymbolTable(SymbolTable&&) noexcept = default;
SymbolTable& SymbolTable::operator=(SymbolTable&&) noexcept = default;

Dim SymbolTable::Named(std::string_view name, DimOrigin origin) {
  return impl_->Intern(Polynomial::OfAtom(impl_->InternName(name, std::move(origin))));
}

Dim SymbolTable::Fresh(std::string_view /*why*/) { return impl_->MakeFresh(true); }

Dim SymbolTable::Add(Dim a, Dim b) {
  if (AnyUnknown(a, b)) return Dim::Unknown();
  const auto number = OfNumbers(a, b, [](std::int64_t x, std::int64_t y, std::int64_t* z) {
    return __builtin_add_overflow(x, y, z);
  });
  if (number) return *number;
  const Polynomial left = impl_->Expand(a);
  const Polynomial right = impl_->Expand(b);
  return impl_->Intern(Polynomial::Add(left, right),
                       impl_->AtLeastZero(left) && impl_->AtLeastZero(right));
}

Dim SymbolTable::Sub(Dim a, Dim b) {
  if (AnyUnknown(a, b)) return Dim::Unknown();
  const auto number = OfNumbers(a, b, [](std::int64_t x, std::int64_t y, std::int64_t* z) {
    return __builtin_sub_overflow(x, y, z);
  });
  if (number) return *number;
  return impl_->Intern(Polynomial::Sub(impl_->Expand(a), impl_->Expand(b)));
}

Dim SymbolTable::Mul(Dim a, Dim b) {
  if (AnyUnknown(a, b)) return Dim::Unknown();
  const auto number = OfNumbers(a, b, [](std::int64_t x, std::int64_t y, std::int64_t* z) {
    return __builtin_mul_overflow(x, y, z);
  });
  if (number) return *number;
  const Polynomial left = impl_->Expand(a);
  const Polynomial right = impl_->Expand(b);
  return impl_->Intern(Polynomial::Mul(left, right),
                       impl_->AtLeastZero(left) && impl_->AtLeastZero(right));
}

Dim SymbolTable::FloorDiv(Dim a, Dim b) {
  if (AnyUnknown(a, b)) return Dim::Unknown();
  if (AreStatic(a, b) && a.value() >= 0 && b.value() > 0) return Dim(a.value() / b.value());
  const std::optional<std::int64_t> divisor = impl_->ConstantOf(b);
  if (!divisor.has_value()) {
    const auto exact = Polynomial::DivideExactly(impl_->Expand(a), impl_->Expand(b));
    return exact.has_value() ? impl_->Intern(exact)
                             : impl_->InternAtom(SymbolAtom::Kind::kFloor, a, b);
  }
  if (*divisor == 0 || *divisor == INT64_MIN) return impl_->MakeFresh(false);
  if (*divisor < 0) return FloorDiv(Sub(0, a), Dim(-*divisor));

  // a = divisor * quotient + rest, so floor(a / divisor) = quotient + floor(rest / divisor).
  Polynomial quotient;
  Polynomial rest;
  impl_->Expand(a).SplitBy(*divisor, quotient, rest);
  if (rest.IsConstant()) return impl_->Intern(quotient);  // 0 <= rest < divisor
  std::int64_t denominator = *divisor;
  // floor((floor(x / p) + k) / q) = floor((x + k * p) / (p * q)) for positive p and q: two strided
  // windows in a row get the same size however they are written.
  if (const std::optional<AtomId> inner = rest.SingleAtom()) {
    const SymbolAtom atom = impl_->atoms[*inner];
    const std::optional<std::int64_t> p =
        atom.kind == SymbolAtom::Kind::kFloor ? impl_->ConstantOf(atom.b) : std::nullopt;
    std::int64_t shift = 0;
    if (p.has_value() && !__builtin_mul_overflow(denominator, *p, &denominator) &&
        !__builtin_mul_overflow(rest.constant_term(), *p, &shift)) {
      const Dim numerator = Add(atom.a, impl_->Intern(Polynomial::Constant(shift)));
      return Add(impl_->Intern(quotient), FloorDiv(numerator, Dim(denominator)));
    }
    denominator = *divisor;
  }
  // floor((g * p + k) / (g * q)) = floor((p + floor(k / g)) / q).
  const std::int64_t common = std::gcd(rest.Content(), denominator);
  if (common > 1) {
    return Add(impl_->Intern(quotient),
               FloorDiv(impl_->Intern(rest.DividedBy(common)), Dim(denominator / common)));
  }
  const Dim floor =
      impl_->InternAtom(SymbolAtom::Kind::kFloor, impl_->Intern(rest), Dim(denominator));
  return Add(impl_->Intern(quotient), floor);
}

Dim SymbolTable::CeilDiv(Dim a, Dim b) {
  if (AnyUnknown(a, b)) return Dim::Unknown();
  const std::optional<std::int64_t> divisor = impl_->ConstantOf(b);
  if (divisor.has_value() && *divisor < 0) return Sub(0, FloorDiv(a, Sub(0, b)));
  return FloorDiv(Add(a, Sub(b, 1)), b);
}

namespace {

// True when `whole` is min(part, ...), or max(part, ...) for kMax.
bool IsExtremeOf(SymbolTable& symbols, Dim whole, Dim part, DimFactor::Kind kind) {
  if (!whole.is_symbol()) return false;
  const std::vector<DimTerm> terms = symbols.TermsOf(whole);
  if (terms.size() != 1 || terms[0].coefficient != 1 || terms[0].factors.size() != 1) return false;
  const DimFactor& factor = terms[0].factors[0];
  return factor.kind == kind && (factor.a == part || factor.b == part);
}

}  // namespace

Dim SymbolTable::Min(Dim a, Dim b) {
  if (AnyUnknown(a, b)) return Dim::Unknown();
  if (AreStatic(a, b)) return std::min(a.value(), b.value());
  const auto gap = Polynomial::Sub(impl_->Expand(a), impl_->Expand(b));
  const auto reverse = Polynomial::Sub(impl_->Expand(b), impl_->Expand(a));
  if (gap.has_value() && impl_->AtLeastZero(*gap)) return b;
  if (reverse.has_value() && impl_->AtLeastZero(*reverse)) return a;
  if (IsExtremeOf(*this, a, b, DimFactor::Kind::kMax)) return b;  // min(max(x, b), b)
  if (IsExtremeOf(*this, b, a, DimFactor::Kind::kMax)) return a;
  if (IsExtremeOf(*this, a, b, DimFactor::Kind::kMin)) return a;  // min(min(x, b), b)
  if (IsExtremeOf(*this, b, a, DimFactor::Kind::kMin)) return b;
  if (Text(b) < Text(a)) std::swap(a, b);
  return impl_->InternAtom(SymbolAtom::Kind::kMin, a, b);
}

Dim SymbolTable::Max(Dim a, Dim b) {
  if (AnyUnknown(a, b)) return Dim::Unknown();
  if (AreStatic(a, b)) return std::max(a.value(), b.value());
  const auto gap = Polynomial::Sub(impl_->Expand(a), impl_->Expand(b));
  const auto reverse = Polynomial::Sub(impl_->Expand(b), impl_->Expand(a));
  if (gap.has_value() && impl_->AtLeastZero(*gap)) return a;
  if (reverse.has_value() && impl_->AtLeastZero(*reverse)) return b;
  if (IsExtremeOf(*this, a, b, DimFactor::Kind::kMin)) return b;  // max(min(x, b), b)
  if (IsExtremeOf(*this, b, a, DimFactor::Kind::kMin)) return a;
  if (IsExtremeOf(*this, a, b, DimFactor::Kind::kMax)) return a;  // max(max(x, b), b)
  if (IsExtremeOf(*this, b, a, DimFactor::Kind::kMax)) return b;
  if (Text(b) < Text(a)) std::swap(a, b);
  return impl_->InternAtom(SymbolAtom::Kind::kMax, a, b);
}

Dim SymbolTable::Product(const Shape& shape) {
  Dim product = 1;
  for (const Dim dim : shape) product = Mul(product, dim);
  return product;
}

// --- Values and names ---

std::optional<std::int64_t> SymbolTable::Evaluate(
    Dim dim, const std::map<std::string, std::int64_t>& bindings) const {
  if (dim.is_unknown()) return std::nullopt;
  return impl_->Evaluate(impl_->Expand(dim), bindings);
}

std::optional<std::int64_t> SymbolTable::Impl::Evaluate(
    const Polynomial& polynomial, const std::map<std::string, std::int64_t>& bindings) const {
  std::int64_t sum = 0;
  for (const auto& [monomial, coefficient] : polynomial.terms()) {
    std::int64_t product = coefficient;
    for (const AtomId atom : monomial) {
      const std::optional<std::int64_t> factor = EvaluateAtom(atom, bindings);
      if (!factor.has_value() || __builtin_mul_overflow(product, *factor, &product)) {
        return std::nullopt;
      }
    }
    if (__builtin_add_overflow(sum, product, &sum)) return std::nullopt;
  }
  return sum;
}

std::optional<std::int64_t> SymbolTable::Impl::EvaluateAtom(
    AtomId id, const std::map<std::string, std::int64_t>& bindings) const {
  const SymbolAtom& atom = atoms[id];
  if (atom.kind == SymbolAtom::Kind::kNamed) {
    const auto bound = bindings.find(atom.name);
    return bound == bindings.end() ? std::nullopt : std::optional(bound->second);
  }
  const std::optional<std::int64_t> a = Evaluate(Expand(atom.a), bindings);
  const std::optional<std::int64_t> b = Evaluate(Expand(atom.b), bindings);
  if (!a.has_value() || !b.has_value()) return std::nullopt;
  switch (atom.kind) {
    case SymbolAtom::Kind::kNamed:
      break;
    case SymbolAtom::Kind::kMin:
      return std::min(*a, *b);
    case SymbolAtom::Kind::kMax:
      return std::max(*a, *b);
    case SymbolAtom::Kind::kFloor:
      if (*b == 0 || *b == -1) return std::nullopt;  // no dimension is divided by a negative one
      return *a / *b - (*a % *b != 0 && (*a < 0) != (*b < 0) ? 1 : 0);
  }
  return std::nullopt;
}

std::vector<DimTerm> SymbolTable::TermsOf(Dim dim) {
  const auto kind_of = [](SymbolAtom::Kind kind) {
    switch (kind) {
      case SymbolAtom::Kind::kNamed:
        break;
      case SymbolAtom::Kind::kFloor:
        return DimFactor::Kind::kFloorDiv;
      case SymbolAtom::Kind::kMin:
        return DimFactor::Kind::kMin;
      case SymbolAtom::Kind::kMax:
        return DimFactor::Kind::kMax;
    }
    return DimFactor::Kind::kNamed;
  };
  std::vector<DimTerm> terms;
  const Polynomial polynomial = impl_->Expand(dim);
  for (const auto& [monomial, coefficient] : polynomial.terms()) {
    DimTerm& term = terms.emplace_back();
    term.coefficient = coefficient;
    for (const AtomId id : monomial) {
      const Dim whole = impl_->Intern(Polynomial::OfAtom(id));
      const SymbolAtom& atom = impl_->atoms[id];
      term.factors.push_back({kind_of(atom.kind), whole, atom.a, atom.b});
    }
  }
  return terms;
}

std::vector<std::string> SymbolTable::NamesIn(Dim dim) const {
  std::vector<std::string> found;
  if (!dim.is_symbol()) return found;
  std::set<AtomId> seen;
  std::vector<Dim> pending = {dim};
  while (!pending.empty()) {
    const Polynomial polynomial = impl_->Expand(pending.back());
    pending.pop_back();
    for (const auto& [monomial, coefficient] : polynomial.terms()) {
      for (const AtomId id : monomial) {
        if (!seen.insert(id).second) continue;
        const SymbolAtom& atom = impl_->atoms[id];
        if (atom.kind == SymbolAtom::Kind::kNamed) {
          found.push_back(atom.name);
        } else {
          pending.insert(pending.end(), {atom.a, atom.b});
        }
      }
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

const DimOrigin* SymbolTable::OriginOf(std::string_view name) const {
  const auto found = impl_->by_name.find(name);
  return found == impl_->by_name.end() ? nullptr : &impl_->atoms[found->second].origin;
}

const std::vector<std::string>& SymbolTable::names() const { return impl_->names; }

}  // namespace smelt::ir
