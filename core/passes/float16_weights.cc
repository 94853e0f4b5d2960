// Float32 weights stored as float16: each becomes a float16 constant behind a DEQUANTIZE, which
// runtimes take into their weights or run once. The arithmetic stays float32.
#include <cmath>
#include <vector>

#include "core/ir/builder.h"
#include "core/passes/legalize_site.h"
#include "core/passes/passes.h"

namespace smelt::passes {
namespace {

// Smaller constants spare nothing, and are often scales whose digits count.
constexpr std::int64_t kFewestElements = 64;

bool IsWeight(const ir::Value& value) {
  return value.is_constant() && value.type.dtype == ir::DType::kF32 &&
         value.constant->element_count() >= kFewestElements;
}

// False when a value would become infinite.
bool FitsFloat16(const ir::Constant& constant) {
  constexpr std::int64_t kBlock = 4096;
  constexpr float kLargest = 65519.996F;  // what rounds to 65504
  std::vector<float> block(kBlock);
  for (std::int64_t at = 0; at < constant.element_count(); at += kBlock) {
    const std::int64_t count = std::min(kBlock, constant.element_count() - at);
    constant.Read(at, count, reinterpret_cast<std::byte*>(block.data()));
    for (std::int64_t i = 0; i < count; ++i) {
      const float value = block[static_cast<std::size_t>(i)];
      if (std::isfinite(value) && std::abs(value) > kLargest) return false;
    }
  }
  return true;
}

}  // namespace

Status Float16Weights(PassContext& context) {
  if (context.options.weights != Weights::kFloat16) return Status::Ok();
  for (std::uint32_t i = 0; i < context.module.graph_count(); ++i) {
    const ir::GraphId id{i};
    ir::Graph& graph = context.module.graph(id);
    const std::size_t values = graph.value_count();
    for (std::uint32_t v = 0; v < values; ++v) {
      const ir::ValueId value{v};
      if (!IsWeight(graph.value(value)) || !graph.HasUses(value)) continue;
      std::vector<ir::Use> uses = graph.UsesOf(value);
      // Delegates want the scales of a composite as constants.
      std::erase_if(uses, [&](const ir::Use& use) {
        return graph.op(use.op).kind == ir::OpKind::kStablehloComposite;
      });
      if (uses.empty() || uses.front().op == graph.return_op() ||
          !FitsFloat16(*graph.value(value).constant)) {
        continue;
      }
      // In front of all users: a constant has no place in the order of operators.
      ir::Builder builder(context.module, id, graph.op(uses.front().op).origin, graph.first());
      const ir::ValueId half = builder.Const(graph.value(value).constant->Cast(ir::DType::kF16),
                                             graph.value(value).name);
      const ir::ValueId whole = builder.Unary(ir::OpKind::kDequantize, half);
      SMELT_RETURN_IF_ERROR(builder.status());
      const LegalizeSite site{context, id, graph.value(whole).producer};
      if (!site.HasVersion()) {
        site.Refuse(Reason::kRuntimeVersionUnsupported, half, "float16 weights",
                    "no DEQUANTIZE of them in runtime " + std::string(context.profile.runtime));
        return Status::Ok();
      }
      for (const ir::Use use : uses) graph.SetOperand(use, whole);
      ++context.rewrites;
    }
  }
  return Status::Ok();
}

}  // namespace smelt::passes
