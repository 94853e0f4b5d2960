#include "client/view/text.h"

#include <gtest/gtest.h>

#include <sstream>

#include "client/view/table.h"

namespace smelt::client {
namespace {

TEST(ShowBytes, PicksTheUnit) {
  EXPECT_EQ(ShowBytes(0), "0 B");
  EXPECT_EQ(ShowBytes(1023), "1023 B");
  EXPECT_EQ(ShowBytes(1024), "1.0 KiB");
  EXPECT_EQ(ShowBytes(1024 * 1024 - 1), "1.0 MiB");
  EXPECT_EQ(ShowBytes(102'576'844), "97.8 MiB");
  EXPECT_EQ(ShowBytes(~std::uint64_t{0}), "16.0 EiB");
}

TEST(ShowSeconds, PicksTheUnit) {
  EXPECT_EQ(ShowSeconds(0), "0.0 ms");
  EXPECT_EQ(ShowSeconds(0.0013), "1.3 ms");
  EXPECT_EQ(ShowSeconds(0.25), "250 ms");
  EXPECT_EQ(ShowSeconds(0.9996), "1.0 s");
  EXPECT_EQ(ShowSeconds(12.44), "12.4 s");
  EXPECT_EQ(ShowSeconds(59.97), "1 min 00 s");
  EXPECT_EQ(ShowSeconds(184), "3 min 04 s");
  EXPECT_EQ(ShowSeconds(3 * 3600 + 61), "3 h 01 min");
}

TEST(Count, OneAndMany) {
  EXPECT_EQ(Count(1, "node"), "1 node");
  EXPECT_EQ(Count(0, "node"), "0 nodes");
}

TEST(Printable, ControlCharactersCannotDriveTheTerminal) {
  EXPECT_EQ(Printable("conv\x1b[2J\n"), "conv\\x1b[2J\\x0a");
  EXPECT_EQ(Printable("a\x7f"), "a\\x7f");
  EXPECT_EQ(Printable("\xc2\x9b"), "\\xc2\x9b");  // the 8-bit form of ESC [
  EXPECT_EQ(Printable("größe/层"), "größe/层");
}

TEST(Ink, WithoutColorTextStaysAsItIs) {
  EXPECT_EQ(Ink(false).Red("x"), "x");
  EXPECT_EQ(Ink(true).Red("x"), "\x1b[31;1mx\x1b[0m");
}

TEST(Table, AlignsByCharactersAndTrimsLineEnds) {
  Table table({"A", "B", "C"});
  table.Add({"größe", "1"});
  table.Add({"x", "22", "z"});
  std::ostringstream out;
  table.Print(out);
  EXPECT_EQ(out.str(), "A      B   C\ngröße  1\nx      22  z\n");
}

}  // namespace
}  // namespace smelt::client
