// Equal: two modules, or two graphs of one, walked side by side.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "core/ir/text.h"

namespace smelt::ir {
namespace {

bool SameNumber(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) ||
         (std::isnan(a) && std::isnan(b));
}

bool SameAttribute(const AttrValue& a, const AttrValue& b) {
  if (a.index() != b.index()) return false;
  if (const double* number = std::get_if<double>(&a))
    return SameNumber(*number, std::get<double>(b));
  if (const auto* numbers = std::get_if<std::vector<double>>(&a)) {
    const auto& others = std::get<std::vector<double>>(b);
    return std::equal(numbers->begin(), numbers->end(), others.begin(), others.end(), SameNumber);
  }
  return a == b;
}

bool SameAttributes(const Attributes& a, const Attributes& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.first == y.first && SameAttribute(x.second, y.second);
  });
}

bool SameConstant(const Constant& a, const Constant& b) {
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
  if (a.SameView(b)) return true;
  constexpr std::int64_t kBlock = 1 << 16;
  std::vector<std::byte> left;
  std::vector<std::byte> right;
  for (std::int64_t at = 0; at < a.element_count(); at += kBlock) {
    const std::int64_t count = std::min(kBlock, a.element_count() - at);
    const std::uint64_t bytes = StorageBytes(a.dtype(), static_cast<std::uint64_t>(count));
    left.resize(bytes);
    right.resize(bytes);
    a.Read(at, count, left.data());
    b.Read(at, count, right.data());
    if (std::memcmp(left.data(), right.data(), bytes) != 0) return false;
  }
  return true;
}

class GraphComparison {
 public:
  GraphComparison(const Module& a, GraphId left, const Module& b, GraphId right, bool with_origins)
      : a_(a), b_(b), left_(a.graph(left)), right_(b.graph(right)), with_origins_(with_origins) {}

  bool Run() {
    if (left_.op_count() != right_.op_count() || left_.inputs().size() != right_.inputs().size()) {
      return false;
    }
    partner_.assign(left_.value_count(), ValueId{});
    for (std::size_t i = 0; i < left_.inputs().size(); ++i) {
      if (!Match(left_.inputs()[i], right_.inputs()[i])) return false;
    }
    OpId right = right_.first();
    for (const OpId left : left_) {
      if (!right.valid() || !SameOp(left_.op(left), right_.op(right))) return false;
      right = right_.next(right);
    }
    return !right.valid() &&
           SameOperands(left_.op(left_.return_op()), right_.op(right_.return_op()));
  }

 private:
  // The two values are defined by the same place; from now on they are partners.
  bool Match(ValueId left, ValueId right) {
    const Value& x = left_.value(left);
    const Value& y = right_.value(right);
    if (x.name != y.name || !(x.quant == y.quant) ||
        a_.symbols().Text(x.type) != b_.symbols().Text(y.type)) {
      return false;
    }
    partner_[left.index] = right;
    return true;
  }

  bool SameOperands(const Op& x, const Op& y) {
    if (x.operands.size() != y.operands.size()) return false;
    for (std::size_t i = 0; i < x.operands.size(); ++i) {
      const ValueId left = x.operands[i].value;
      const ValueId right = y.operands[i].value;
      if (left.valid() != right.valid()) return false;
      if (!left.valid()) continue;
      const Constant* held = left_.constant(left);
      const Constant* other = right_.constant(right);
      if ((held == nullptr) != (other == nullptr)) return false;
      if (held != nullptr && !partner_[left.index].valid()) {
        if (!Match(left, right) || !SameConstant(*held, *other)) return false;
      }
      if (partner_[left.index] != right) return false;
    }
    return true;
  }

  bool SameOp(const Op& x, const Op& y) {
    if (x.kind != y.kind || x.regions != y.regions || x.results.size() != y.results.size() ||
        !SameAttributes(x.attrs, y.attrs) || !SameOperands(x, y)) {
      return false;
    }
    if (with_origins_ && a_.origins().SourcesOf(x.origin) != b_.origins().SourcesOf(y.origin)) {
      return false;
    }
    for (std::size_t i = 0; i < x.results.size(); ++i) {
      if (!Match(x.results[i], y.results[i])) return false;
    }
    return true;
  }

  const Module& a_;
  const Module& b_;
  const Graph& left_;
  const Graph& right_;
  bool with_origins_;
  std::vector<ValueId> partner_;  // by value of the left graph
};

}  // namespace

bool Equal(const Module& a, const Module& b) {
  if (a.metadata != b.metadata || a.signatures != b.signatures ||
      a.origins().sources() != b.origins().sources() || a.graph_count() != b.graph_count()) {
    return false;
  }
  for (const std::string& name : a.symbols().names()) {
    const DimOrigin* left = a.symbols().OriginOf(name);
    const DimOrigin* right = b.symbols().OriginOf(name);
    if (right != nullptr && (left->input != right->input || left->axis != right->axis))
      return false;
  }
  for (std::uint32_t i = 0; i < a.graph_count(); ++i) {
    const GraphId id{i};
    if (a.graph(id).name() != b.graph(id).name()) return false;
    if (!GraphComparison(a, id, b, id, /*with_origins=*/true).Run()) return false;
  }
  return true;
}

bool Equal(const Module& module, GraphId a, GraphId b) {
  return GraphComparison(module, a, module, b, /*with_origins=*/false).Run();
}

}  // namespace smelt::ir
