#include "core/convert/sample_inputs.h"

#include <map>
#include <string>

namespace smelt {
namespace {

// SplitMix64: small, well mixed, and the same everywhere (std distributions are not).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t Next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1p-53; }  // [0, 1)

 private:
  std::uint64_t state_;
};

std::map<std::string, std::int64_t> BindSymbols(const ir::Module& module, const ir::Graph& graph,
                                                const SampleOptions& options) {
  std::map<std::string, std::int64_t> bindings;
  for (ir::ValueId input : graph.inputs()) {
    const ir::Shape& shape = graph.type(input).shape;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      const bool is_image = shape.rank() == 4 && axis >= 2;
      const std::int64_t size = axis == 0  ? options.batch
                                : is_image ? options.image
                                           : options.other;
      for (const std::string& name : module.symbols().NamesIn(shape.dim(axis))) {
        bindings.emplace(name, size);
      }
    }
  }
  return bindings;
}

std::vector<double> Draw(Random& random, ir::DType dtype, std::int64_t count,
                         const SampleOptions& options) {
  std::vector<double> values(static_cast<std::size_t>(count));
  for (double& value : values) {
    if (ir::IsFloat(dtype)) {
      value = 2 * random.Unit() - 1;
    } else {
      const std::int64_t largest = dtype == ir::DType::kBool ? 1 : options.max_int;
      value = static_cast<double>(random.Next() % static_cast<std::uint64_t>(largest + 1));
    }
  }
  return values;
}

constexpr SampleOptions kSizes[] = {{},
                                    {.batch = 1, .image = 32, .other = 4, .max_int = 1},
                                    {.batch = 1, .image = 1, .other = 1, .max_int = 0}};

}  // namespace

std::span<const SampleOptions> SampleSizes() { return kSizes; }

Result<std::vector<interp::Tensor>> SampleInputs(const ir::Module& module,
                                                 const ir::Signature& signature,
                                                 const SampleOptions& options) {
  const ir::Graph& graph = module.graph(signature.graph);
  const auto bindings = BindSymbols(module, graph, options);
  Random random(options.seed);
  std::vector<interp::Tensor> tensors;
  for (ir::ValueId input : graph.inputs()) {
    const ir::TensorType& type = graph.type(input);
    if (!ir::IsFloat(type.dtype) && !ir::IsInteger(type.dtype) && type.dtype != ir::DType::kBool) {
      return Status(Reason::kUnsupportedType,
                    "no samples for an input of type " + module.symbols().Text(type));
    }
    std::vector<std::int64_t> shape;
    std::int64_t count = 1;
    for (ir::Dim dim : type.shape) {
      shape.push_back(module.symbols().Evaluate(dim, bindings).value_or(options.other));
      count *= shape.back();
    }
    const std::vector<double> values = Draw(random, type.dtype, count, options);
    const ir::Constant drawn =
        ir::Constant::FromValues(ir::DType::kF64, shape, std::span<const double>(values));
    tensors.push_back(interp::Tensor::FromConstant(drawn.Cast(type.dtype)));
  }
  return tensors;
}

}  // namespace smelt
