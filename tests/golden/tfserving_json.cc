// tfserving_json: prints the bytes TensorFlow Serving answers with.
//
//   tfserving_json row|columnar NAME:DTYPE:DIMS... < expected.csv
//
// stdin holds one line per row of the batch, the cells of every output one
// after the other in the order of the arguments. DTYPE is float32, float64,
// int32, int64, uint8 or bool. DIMS is the shape of one row, "3" or "2x4"; it
// is empty for an output of rank 1, whose rows are scalars.
//
// "row" is the answer to a request with "instances", "columnar" the answer to
// one with "inputs". TensorFlow Serving writes its answers with RapidJSON's
// PrettyWriter, so this does as well; nothing else is shared with it. The
// document ends without a line feed, as there.
//
// TensorFlow Serving keeps its outputs in a protobuf map, whose order is
// unspecified; here it is the order of the arguments.

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

namespace {

using Writer = rapidjson::PrettyWriter<rapidjson::StringBuffer>;
using Cells = std::vector<std::string>;

enum class Kind { kFloat32, kFloat64, kInteger, kBool };

struct Output {
  std::string name;
  Kind kind;
  std::vector<size_t> shape;  // of one row; empty: a scalar
  size_t first;               // its first column
  size_t width;               // its columns
};

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) {
    parts.push_back(part);
  }
  return parts;
}

Kind ParseKind(const std::string& dtype) {
  if (dtype == "float32") return Kind::kFloat32;
  if (dtype == "float64") return Kind::kFloat64;
  if (dtype == "int32" || dtype == "int64" || dtype == "uint8") {
    return Kind::kInteger;
  }
  if (dtype == "bool") return Kind::kBool;
  throw std::invalid_argument("unknown dtype " + dtype);
}

Output ParseOutput(const std::string& text, size_t first) {
  const size_t last = text.rfind(':');
  const size_t middle = last == 0 ? last : text.rfind(':', last - 1);
  if (last == std::string::npos || middle == std::string::npos) {
    throw std::invalid_argument("not NAME:DTYPE:DIMS: " + text);
  }
  Output output{text.substr(0, middle),
                ParseKind(text.substr(middle + 1, last - middle - 1)),
                {}, first, 1};
  for (const std::string& dim : Split(text.substr(last + 1), 'x')) {
    output.shape.push_back(std::stoul(dim));
    output.width *= output.shape.back();
  }
  return output;
}

template <typename Real>
Real FromText(const std::string& text);

template <>
float FromText<float>(const std::string& text) {
  return std::strtof(text.c_str(), nullptr);
}

template <>
double FromText<double>(const std::string& text) {
  return std::strtod(text.c_str(), nullptr);
}

std::string Print(int digits, double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*g", digits, value);
  return text;
}

// Six digits when they read back to the same value, otherwise as many as the
// type needs; a whole number outside scientific notation gets ".0".
template <typename Real>
std::string RealText(Real value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  std::string text = Print(6, value);
  if (FromText<Real>(text) != value) {
    text = Print(std::numeric_limits<Real>::max_digits10, value);
  }
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

void WriteCell(Writer* writer, Kind kind, const std::string& cell) {
  if (kind == Kind::kInteger) {
    writer->Int64(std::stoll(cell));
  } else if (kind == Kind::kBool) {
    writer->Bool(cell == "1");
  } else {
    const std::string text = kind == Kind::kFloat32
                                 ? RealText(FromText<float>(cell))
                                 : RealText(FromText<double>(cell));
    writer->RawValue(text.data(), text.size(), rapidjson::kNumberType);
  }
}

// Writes one row of an output from dimension `dim` on, taking cells at `*at`.
void WriteRow(Writer* writer, const Output& output, size_t dim,
              const Cells& cells, size_t* at) {
  if (dim == output.shape.size()) {
    WriteCell(writer, output.kind, cells[(*at)++]);
    return;
  }
  writer->StartArray();
  for (size_t i = 0; i < output.shape[dim]; i++) {
    WriteRow(writer, output, dim + 1, cells, at);
  }
  writer->EndArray();
}

void WriteOutputOfRow(Writer* writer, const Output& output,
                      const Cells& cells) {
  size_t at = output.first;
  WriteRow(writer, output, 0, cells, &at);
}

// {"predictions": [...]}: one element per row, each on one line; an object
// keyed by the outputs' names when there are several.
void WriteRows(Writer* writer, const std::vector<Output>& outputs,
               const std::vector<Cells>& rows) {
  const bool named = outputs.size() > 1;
  writer->Key("predictions");
  writer->StartArray();
  for (const Cells& cells : rows) {
    if (named) writer->StartObject();
    writer->SetFormatOptions(rapidjson::kFormatSingleLineArray);
    for (const Output& output : outputs) {
      if (named) writer->Key(output.name.c_str());
      WriteOutputOfRow(writer, output, cells);
    }
    writer->SetFormatOptions(rapidjson::kFormatDefault);
    if (named) writer->EndObject();
  }
  writer->EndArray();
}

// {"outputs": ...}: whole tensors, every element of every array on a line of
// its own; an object keyed by the outputs' names when there are several.
void WriteColumns(Writer* writer, const std::vector<Output>& outputs,
                  const std::vector<Cells>& rows) {
  const bool named = outputs.size() > 1;
  writer->Key("outputs");
  if (named) writer->StartObject();
  for (const Output& output : outputs) {
    if (named) writer->Key(output.name.c_str());
    writer->StartArray();
    for (const Cells& cells : rows) WriteOutputOfRow(writer, output, cells);
    writer->EndArray();
  }
  if (named) writer->EndObject();
}

std::vector<Cells> ReadRows(size_t columns) {
  std::vector<Cells> rows;
  for (std::string line; std::getline(std::cin, line);) {
    rows.push_back(Split(line, ','));
    if (rows.back().size() != columns) {
      throw std::invalid_argument("line " + std::to_string(rows.size()) +
                                  " has another number of columns");
    }
  }
  return rows;
}

int Run(int argc, char** argv) {
  const std::string format = argc > 2 ? argv[1] : "";
  if (format != "row" && format != "columnar") {
    throw std::invalid_argument("usage: row|columnar NAME:DTYPE:DIMS...");
  }
  std::vector<Output> outputs;
  size_t columns = 0;
  for (int i = 2; i < argc; i++) {
    outputs.push_back(ParseOutput(argv[i], columns));
    columns += outputs.back().width;
  }
  const std::vector<Cells> rows = ReadRows(columns);

  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  (format == "row" ? WriteRows : WriteColumns)(&writer, outputs, rows);
  writer.EndObject();
  std::cout.write(buffer.GetString(), buffer.GetSize());
  return std::cout.flush() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "tfserving_json: " << error.what() << "\n";
    return 2;
  }
}
