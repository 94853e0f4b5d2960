#include "core/import/onnx/never.h"

namespace smelt::onnx_import {
namespace {

constexpr std::string_view kRandom =
    "the operator draws random numbers: no artifact could be compared with its source";
constexpr std::string_view kStrings =
    "the operator works on strings, which no operator of the runtime takes apart or joins";
constexpr std::string_view kImages =
    "the operator decodes compressed images, which no operator of the runtime does";

struct Row {
  std::string_view op;
  std::string_view why;
};
constexpr Row kRows[] = {
    {"Bernoulli", kRandom},         {"ImageDecoder", kImages},     {"Multinomial", kRandom},
    {"RandomNormal", kRandom},      {"RandomNormalLike", kRandom}, {"RandomUniform", kRandom},
    {"RandomUniformLike", kRandom}, {"RegexFullMatch", kStrings},  {"StringConcat", kStrings},
    {"StringNormalizer", kStrings}, {"StringSplit", kStrings},     {"TfIdfVectorizer", kStrings},
};

}  // namespace

std::string_view WhyNever(std::string_view domain, std::string_view op) {
  if (!domain.empty()) return "";
  for (const Row& row : kRows) {
    if (row.op == op) return row.why;
  }
  return "";
}

}  // namespace smelt::onnx_import
