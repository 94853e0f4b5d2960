// Table: rows of text under headings, columns aligned by the widest cell.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace smelt::client {

class Table {
 public:
  explicit Table(std::vector<std::string> headings) : headings_(std::move(headings)) {}

  // One cell a heading; fewer are filled with empty ones.
  void Add(std::vector<std::string> cells);
  // Prints the headings and the rows; cells are made safe to print.
  void Print(std::ostream& out) const;

 private:
  std::vector<std::string> headings_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace smelt::client
