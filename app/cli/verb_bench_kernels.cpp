// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/load.h"
#include "app/cli/text.h"
#include "app/cli/verbs.h"
#include "kernels/bench.h"

#include <charconv>
#include <memory>
#include <optional>

namespace bwla {
namespace {

struct Shape {
    std::int64_t rows = 0;
    std::int64_t cols = 0;
};

struct Options {
    std::vector<std::string> shapes{"4096x14336"};
    std::vector<std::string> formats; ///< empty = all
    int columns = 1;
    bool cold = false;
    bool everyVariant = false;
};

struct Row {
    Shape shape;
    BenchFormat format;
    BenchResult result;
};

/// "4096x14336": outputs x inputs.
std::optional<Shape> shapeNamed(const std::string& text) {
    static constexpr std::int64_t largest = 1 << 20;
    Shape shape;
    const char* const end = text.data() + text.size();
    const auto [middle, rowsError] = std::from_chars(text.data(), end, shape.rows);
    if (rowsError != std::errc() || middle == end || *middle != 'x')
        return std::nullopt;
    const auto [last, colsError] = std::from_chars(middle + 1, end, shape.cols);
    const auto sane = [](std::int64_t side) { return side >= 1 && side <= largest; };
    if (colsError != std::errc() || last != end || !sane(shape.rows) || !sane(shape.cols))
        return std::nullopt;
    return shape;
}

std::vector<std::string> formatNames() {
    std::vector<std::string> names;
    for (const BenchFormat format : benchFormats())
        names.emplace_back(benchFormatName(format));
    return names;
}

bool isWanted(const Options& options, BenchFormat format) {
    return options.formats.empty() || std::find(options.formats.begin(), options.formats.end(),
                                                benchFormatName(format)) != options.formats.end();
}

std::string shapeText(const Shape& shape) {
    return std::to_string(shape.rows) + "x" + std::to_string(shape.cols);
}

OrderedJson rowsDocument(const Options& options, const BackendInfo& info,
                         const std::vector<Row>& rows) {
    OrderedJson document = OrderedJson::array();
    for (const Row& row : rows)
        document.push_back({{"shape", shapeText(row.shape)},
                            {"columns", options.columns},
                            {"format", benchFormatName(row.format)},
                            {"backend", info.backend},
                            {"device", info.device},
                            {"variant", row.result.variant},
                            {"us", row.result.us},
                            {"spread", row.result.spread},
                            {"bytes", static_cast<std::int64_t>(row.result.weightBytes)},
                            {"gb_s", row.result.gbPerSecond},
                            {"roof_share", row.result.roofShare},
                            {"cache", options.cold ? "cold" : "hot"},
                            {"verified", row.result.verified}});
    return document;
}

std::string rowsTable(const Options& options, const std::vector<Row>& rows) {
    std::vector<std::vector<std::string>> cells;
    for (const Row& row : rows)
        cells.push_back({shapeText(row.shape), std::to_string(options.columns),
                         std::string(benchFormatName(row.format)), row.result.variant,
                         format("%.1f", row.result.us), format("+%.0f %%", 100 * row.result.spread),
                         format("%.0f", row.result.weightBytes),
                         format("%.1f", row.result.gbPerSecond),
                         format("%.2f", row.result.roofShare), options.cold ? "cold" : "hot",
                         row.result.verified ? "yes" : "NO"});
    return markdownTable({"shape", "columns", "format", "kernel", "us", "spread", "bytes", "GB/s",
                          "of roof", "cache", "verified"},
                         cells);
}

std::unique_ptr<ProductBench> makeBench(const CommonOptions& options) {
    if (backendInUse(options) == "vulkan")
        return makeVulkanBench(vulkanOptions(options));
    return std::make_unique<KernelBench>(options.threads);
}

void check(const CommonOptions& options) {
    if (options.backend == "reference")
        throw Error(ErrorCode::badArgument)
            .because("bench-kernels measures the backends vulkan and cpu, not reference.");
}

void benchKernels(const Options& options, const Call& call) {
    const auto bench = makeBench(call.options);
    std::vector<Row> rows;
    for (const std::string& text : options.shapes)
        for (const BenchFormat format : benchFormats()) {
            if (!isWanted(options, format))
                continue;
            throwIfStopped(call.stop);
            const Shape shape = *shapeNamed(text);
            const BenchCase what{.rows = shape.rows,
                                 .cols = shape.cols,
                                 .columns = options.columns,
                                 .format = format,
                                 .cold = options.cold,
                                 .seconds = options.everyVariant ? 0.02 : 0.5};
            for (BenchResult& result : options.everyVariant ? bench->runEveryVariant(what)
                                                            : std::vector{bench->run(what)})
                rows.push_back({shape, format, std::move(result)});
        }
    const BackendInfo info = bench->info();
    if (call.console.json()) {
        call.console.document(rowsDocument(options, info, rows));
        return;
    }
    call.console.line(rowsTable(options, rows));
    const std::string threads =
        info.threads > 0 ? ", " + std::to_string(info.threads) + " threads" : "";
    call.console.line(format("%s, %s%s; roof %.1f GB/s", info.device.c_str(), info.variant.c_str(),
                             threads.c_str(), bench->roof()));
}

} // namespace

void addBenchKernels(Verbs& verbs) {
    auto options = std::make_shared<Options>();
    CLI::App* verb = verbs.add(
        "bench-kernels", "Time of one matrix product, by weight format",
        [options](const Call& call) { benchKernels(*options, call); }, check);
    verb->add_option("--shape", options->shapes, "OUTPUTSxINPUTS, repeatable (default: 4096x14336)")
        ->check([](const std::string& text) {
            return shapeNamed(text) ? std::string()
                                    : "\"" + text + "\" is no shape like 4096x14336";
        });
    verb->add_option("--columns", options->columns, "Tokens at once (default: 1)")
        ->check(CLI::Range(1, 4096));
    verb->add_option("--format", options->formats, "Only these weight formats, repeatable")
        ->check(CLI::IsMember(formatNames()));
    verb->add_flag("--variants", options->everyVariant,
                   "Every kernel that can compute it, not only the one in use");
    verb->add_flag("--cold", options->cold, "Weights from memory, not from the caches");
}

} // namespace bwla
