// SymbolTable: the symbolic dimensions of a module, as interned integer expressions.
//
// An expression is a sum of integer multiples of products of atoms; an atom is a named dimension of
// an input, a fresh (data-dependent) dimension, or a floor quotient, minimum or maximum of
// expressions. Equal expressions get the same Dim, so dimensions are compared by value. What is not
// provable stays an expression: nothing is assumed but that every dimension is at least 0. Not
// thread safe; belongs to one Module.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/ir/shape.h"

namespace smelt::ir {

// Where a named dimension comes from.
struct DimOrigin {
  std::string input;  // graph input; empty for a fresh dimension
  int axis = 0;
};

// One factor of a term: an atom as a dimension of its own, and what it is made of.
struct DimFactor {
  enum class Kind { kNamed, kFloorDiv, kMin, kMax };
  Kind kind = Kind::kNamed;
  Dim whole;  // the factor itself
  Dim a, b;   // operands, but for kNamed
};
// A term of an expression: coefficient times the factors.
struct DimTerm {
  std::int64_t coefficient = 0;
  std::vector<DimFactor> factors;
};

class SymbolTable {
 public:
  SymbolTable();
  ~SymbolTable();
  SymbolTable(SymbolTable&&) noexcept;
  SymbolTable& operator=(SymbolTable&&) noexcept;

  // The dimension called `name`; the first caller's origin is kept.
  Dim Named(std::string_view name, DimOrigin origin);
  // A dimension that nothing is known of ("?0", "?1", ...).
  Dim Fresh(std::string_view why);

  Dim Add(Dim a, Dim b);
  Dim Sub(Dim a, Dim b);
  Dim Mul(Dim a, Dim b);
  Dim FloorDiv(Dim a, Dim b);  // exact when divisible term by term; b must not be static 0
  Dim CeilDiv(Dim a, Dim b);
  Dim Min(Dim a, Dim b);
  Dim Max(Dim a, Dim b);
  // Product of all dimensions; static when all are.
  Dim Product(const Shape& shape);

  // "N", "4*N + 1", "floor(H/2)"; the number for static dimensions; "?" for unknown.
  std::string Text(Dim dim) const;
  // "f32[N,3,224,224]".
  std::string Text(const TensorType& type) const;
  // Reads what Text prints, interning names.
  Result<Dim> Parse(std::string_view text);

  // The value under `bindings` of the atoms' names; nothing when a name is not bound.
  std::optional<std::int64_t> Evaluate(Dim dim,
                                       const std::map<std::string, std::int64_t>& bindings) const;
  // The expression taken apart, for whoever computes it at run time: a sum of terms. None for 0.
  // Requires that `dim` is not unknown.
  std::vector<DimTerm> TermsOf(Dim dim);

  // Names of the atoms in `dim`.
  std::vector<std::string> NamesIn(Dim dim) const;
  const DimOrigin* OriginOf(std::string_view name) const;
  // All names in order of creation.
  const std::vector<std::string>& names() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace smelt::ir
