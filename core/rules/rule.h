// Rules as data: what an operator needs (constraints) and how it is translated, one row an operator
// and version range. The same rows check models, explain refusals and print core/OPERATORS.md.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/base/status.h"

namespace smelt::rules {

struct Bounds {
  int lo = 0;
  int hi = 0;
};

// What a check found; filled on a violation, for the diagnostic.
struct Finding {
  std::string found;        // the value found, in words
  std::string tensor;       // offending tensor; may be empty
  std::string tensor_type;  // "f32[1,3,8,8]"; may be empty
  // No run of the model gets past the node, whatever its inputs: the model contradicts itself.
  bool in_every_run = false;
};

enum class Verdict {
  kHolds,
  kViolated,
  kNotChecked,  // needs a value that an earlier violation hides
};

// One requirement on a node. `doc` is shown to users and printed in the support matrix; {lo} and
// {hi} in it are filled from `bounds`, so that text and check cannot drift.
template <class Node>
struct Constraint {
  Reason reason;
  Verdict (*check)(const Node& node, Bounds bounds, Finding& finding);
  Bounds bounds;
  std::string_view doc;
};

// How one operator, over one closed range of schema versions, is understood and translated.
template <class Node, class Out>
struct Rule {
  std::string_view domain;  // "" is the format's own operator set
  std::string_view op;
  int since;  // first schema version covered
  int until;  // last one, inclusive
  std::span<const Constraint<Node>> constraints;
  Status (*infer)(Node& node);                // result types; must not need the constraints to hold
  Status (*translate)(Node& node, Out& out);  // may rely on every constraint
};

// `doc` with {lo} and {hi} replaced.
std::string FillDoc(std::string_view doc, Bounds bounds);

}  // namespace smelt::rules
