// smelt-bench: measures conversions in process, as ratios against copying the same bytes.
#include <CLI/CLI.hpp>

#include "tests/bench/convert_command.h"

int main(int argc, char** argv) {
  CLI::App app{"Measures conversions in process, beside the cost of copying the same file"};
  app.require_subcommand(1);

  smelt::bench::ConvertFlags flags;
  CLI::App* convert = app.add_subcommand("convert", "Convert one model and report where time went");
  convert->add_option("model", flags.model, "ONNX file")->required();
  convert->add_option("-o,--output", flags.output, "Keep the artifact here");
  convert->add_option("--verify", flags.verify, "structure or run")
      ->check(CLI::IsMember({"structure", "run"}));
  convert->add_option("--dim", flags.dims, "NAME=VALUE, may be repeated");
  convert->add_option("--channels-last-output", flags.channels_last_outputs,
                      "Name of an output that is read channels last, may be repeated");
  convert->add_option("--composites", flags.composites, "Composites to keep, by name, or all")
      ->delimiter(',');
  convert->add_option("--precision", flags.precision, "What float32 weights are stored as")
      ->check(CLI::IsMember({"float32", "float16", "dynamic_range", "int8", "int16x8"}));
  convert->add_option("--quantize-min-elements", flags.fewest_weight_elements,
                      "Smaller weights stay float32");
  convert->add_option("--io-type", flags.io_type, "Type of float32 inputs and outputs")
      ->check(CLI::IsMember({"float32", "activations", "uint8"}));
  convert->add_flag("--strict-integer", flags.strict_integer, "No operator may stay float32");
  convert->add_flag("--per-tensor", flags.one_scale_a_weight, "One scale a weight");
  convert->add_flag("--accuracy", flags.accuracy, "Write the accuracy report beside the artifact");
  convert->add_option("--repeat", flags.repeat, "Conversions in a row; the median is reported");
  convert->add_option("--dump", flags.dump_after, "Print the IR after this pass to stderr");
  convert->add_option("--max-inline-bytes", flags.max_inline_bytes,
                      "Constants of a larger artifact stand behind its FlatBuffer");
  convert->add_option("--split-max-bytes", flags.split_max_bytes, "Largest file of a part");
  convert->add_option("--split-target-bytes", flags.split_target_bytes, "Fill parts up to this");
  convert->add_option("--split-parts", flags.split_parts, "Exactly so many parts");
  convert->add_option("--split-at", flags.split_at, "Cut behind these tensors")->delimiter(',');
  convert->add_flag("--check-ir", flags.check_ir, "Verify the IR after every pass");
  convert->add_flag("--with-folder", flags.with_folder, "Files beside the model are external data");
  convert->add_flag("--json", flags.json, "One JSON document on stdout");

  std::string list;
  std::string batch_verify = "structure";
  CLI::App* batch = app.add_subcommand("convert-batch", "Convert many models; a JSON line each");
  batch->add_option("list", list, "File of MODEL<tab>OUTPUT lines")->required();
  batch->add_option("--verify", batch_verify, "structure or run")
      ->check(CLI::IsMember({"structure", "run"}));

  CLI11_PARSE(app, argc, argv);
  if (convert->parsed()) return smelt::bench::RunConvert(flags);
  return smelt::bench::RunConvertBatch(list, batch_verify);
}
