// The insides of SymbolTable, shared by its algebra (symbols.cc) and its text (symbol_text.cc).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "core/ir/polynomial.h"
#include "core/ir/symbols.h"

namespace smelt::ir {

// What an atom stands for. Named covers fresh dimensions, whose names begin with "?".
struct SymbolAtom {
  enum class Kind { kNamed, kFloor, kMin, kMax };
  Kind kind = Kind::kNamed;
  std::string name;  // kNamed
  DimOrigin origin;  // kNamed
  Dim a, b;          // the operands of the others
  bool at_least_zero = true;
  std::uint32_t weight = 1;  // atoms in it all told; bounds recursion and text
};

struct SymbolTable::Impl {
  // An expression heavier than this becomes a fresh dimension: a hostile model must not make
  // expressions that double with every node.
  static constexpr std::uint32_t kMaxWeight = 192;

  std::vector<SymbolAtom> atoms;
  std::map<std::string, AtomId, std::less<>> by_name;
  std::map<std::tuple<SymbolAtom::Kind, std::int64_t, std::int64_t>, AtomId> by_operands;
  std::vector<Polynomial> expressions;  // by symbol id
  std::map<Polynomial, std::uint32_t> ids;
  std::vector<std::string> names;
  std::uint32_t next_fresh = 0;

  AtomId InternName(std::string_view name, DimOrigin origin);
  Dim MakeFresh(bool at_least_zero);
  Polynomial Expand(Dim dim) const;  // requires that it is not unknown
  // A fresh dimension for an expression that is too long or, when nothing, could not be computed:
  // it may be negative where the expression may be. `at_least_zero` says so of the latter.
  Dim Intern(const std::optional<Polynomial>& polynomial, bool at_least_zero = false);
  Dim InternAtom(SymbolAtom::Kind kind, Dim a, Dim b);
  std::uint32_t WeightOf(const Polynomial& polynomial) const;
  bool AtLeastZero(const Polynomial& polynomial) const;   // provable
  std::optional<std::int64_t> ConstantOf(Dim dim) const;  // negative ones are kept as expressions
  std::optional<std::int64_t> Evaluate(const Polynomial& polynomial,
                                       const std::map<std::string, std::int64_t>& bindings) const;
  std::optional<std::int64_t> EvaluateAtom(
      AtomId atom, const std::map<std::string, std::int64_t>& bindings) const;
  std::string TextOf(const Polynomial& polynomial) const;
  std::string TextOf(AtomId atom) const;
};

}  // namespace smelt::ir
