// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/load.h"
#include "app/cli/text.h"
#include "app/cli/verbs.h"
#include "kernels/bench.h"
#include "kernels/selftest.h"
#include "kernels/vulkan_backend.h"

#include <algorithm>
#include <chrono>

namespace bwla {
namespace {

/// Who computes one kind of product.
struct Product {
    std::string work;
    BenchResult result;
    std::string why;
};

struct Device {
    std::string name, uuid, type, driver, variant;
    std::string missing;      ///< why it cannot be used; empty = it can
    bool measured = false;    ///< software devices are, only where Vulkan was asked for
    bool verified = false;    ///< every kernel agrees with its scalar twin
    double gbPerSecond = 0.0; ///< of the 1-bit product, weights from memory
    double roof = 0.0;
    std::vector<Product> products{};
    KernelReport report{};
};

/// Says what is being done, and with --json how long it took: a device's first use compiles
/// kernels.
class Stages {
public:
    explicit Stages(Console& console) : console_(console) {}
    template<class Work>
    auto timed(const std::string& device, const std::string& what, const Work& work) {
        Progress progress;
        progress.phase = "devices";
        progress.step = device + ": " + what;
        console_.progress(progress);
        const auto start = std::chrono::steady_clock::now();
        auto result = work();
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        console_.event(
            {{"event", "stage"}, {"device", device}, {"work", what}, {"seconds", took.count()}});
        return result;
    }

private:
    Console& console_;
};

bool allAgree(const std::vector<KernelCheck>& checks) {
    return std::all_of(checks.begin(), checks.end(),
                       [](const KernelCheck& check) { return check.ok; });
}

/// The 1-bit product of a row, then the other kinds, which get less time and, on a device that is
/// slow, less work.
std::vector<BenchCase> benchCases(bool fast) {
    const std::int64_t rows = fast ? 4096 : 1024;
    const double seconds = 0.05;
    std::vector<BenchCase> cases{{.format = BenchFormat::w1a6, .cold = true, .seconds = 0.5}};
    for (const auto& [format, columns] : {std::pair{BenchFormat::w1a6, 64},
                                          {BenchFormat::w1a16, 1},
                                          {BenchFormat::f16, 1},
                                          {BenchFormat::f16, 64},
                                          {BenchFormat::q8, 1}})
        cases.push_back({.rows = rows,
                         .cols = rows,
                         .columns = columns,
                         .format = format,
                         .cold = fast && columns == 1,
                         .seconds = seconds});
    return cases;
}

std::string workText(const BenchCase& what) {
    return std::string(benchFormatName(what.format)) + " " + std::to_string(what.rows) + "x" +
           std::to_string(what.cols) + ", " + std::to_string(what.columns) +
           (what.columns == 1 ? " column" : " columns");
}

void measure(Device& device, ProductBench& bench, bool gpu, Stages& stages) {
    const bool processor = device.type == "cpu" && device.uuid.empty();
    device.roof = stages.timed(device.name, "memory roof", [&] { return bench.roof(); });
    for (const BenchCase& what : benchCases(gpu)) {
        const BenchResult result =
            stages.timed(device.name, workText(what), [&] { return bench.run(what); });
        device.products.push_back(
            {workText(what), result,
             result.chosen ? "measured" : (processor ? "best for this processor" : "default")});
    }
    device.measured = true;
    device.gbPerSecond = device.products.front().result.gbPerSecond;
}

Device processor(int threads, Stages& stages) {
    KernelBench bench(threads);
    const BackendInfo info = bench.info();
    Device device{.name = info.device,
                  .uuid = {},
                  .type = "cpu",
                  .driver = {},
                  .variant = info.variant + ", " + std::to_string(info.threads) + " threads",
                  .missing = {}};
    device.verified =
        stages.timed(device.name, "kernels checked", [] { return allAgree(selftest()); });
    measure(device, bench, false, stages);
    return device;
}

Device vulkanDevice(const VulkanDeviceInfo& info, const CommonOptions& common, Stages& stages) {
    Device device{.name = info.name,
                  .uuid = info.uuid,
                  .type = info.type,
                  .driver = info.driver,
                  .variant = {},
                  .missing = info.missing};
    if (!info.missing.empty() || (!info.isGpu() && common.backend != "vulkan"))
        return device;
    VulkanOptions options = vulkanOptions(common);
    options.device = info.uuid;
    const auto backend = stages.timed(device.name, "opened and, at its first use, checked",
                                      [&] { return makeVulkanBackend(options); });
    device.variant = backend->info().variant;
    // What opening it has checked is not checked again: the whole of it, bwla selftest, takes 12 s
    // on an H200.
    device.verified = backend->kernelReport().checked ||
                      stages.timed(device.name, "kernels checked",
                                   [&] { return allAgree(vulkanSelftest(options)); });
    measure(device, *makeVulkanBench(options), info.isGpu(), stages);
    device.report = backend->kernelReport();
    return device;
}

std::vector<Device> allDevices(const CommonOptions& options, Stages stages) {
    std::vector<Device> devices{processor(options.threads, stages)};
    for (const VulkanDeviceInfo& info : vulkanDevices())
        devices.push_back(vulkanDevice(info, options, stages));
    return devices;
}

const char* reasonOf(const KernelMissing& missing) {
    return missing.failed ? "failed its check" : "capability missing";
}

/// Which kernels compute, why, and which do not.
void addKernels(const Device& device, OrderedJson& document) {
    document["kernels"] = OrderedJson::array();
    for (const Product& product : device.products)
        document["kernels"].push_back({{"work", product.work},
                                       {"kernel", product.result.variant},
                                       {"why", product.why},
                                       {"candidates", product.result.candidates},
                                       {"gb_s", product.result.gbPerSecond},
                                       {"roof_share", product.result.roofShare},
                                       {"verified", product.result.verified}});
    document["unused"] = OrderedJson::array();
    for (const KernelMissing& missing : device.report.missing)
        document["unused"].push_back(
            {{"kernel", missing.kernel}, {"why", reasonOf(missing)}, {"detail", missing.detail}});
}

std::string kernelLines(const Device& device) {
    std::vector<std::vector<std::string>> rows;
    for (const Product& product : device.products) {
        const BenchResult& result = product.result;
        const std::string why =
            result.chosen ? format("measured, best of %d", result.candidates) : product.why;
        rows.push_back({product.work, result.variant, why, format("%.1f", result.gbPerSecond),
                        format("%.2f", result.roofShare), result.verified ? "yes" : "NO"});
    }
    std::string text =
        "\n" + markdownTable({"product", "kernel", "why", "GB/s", "of roof", "verified"}, rows);
    for (const KernelMissing& missing : device.report.missing)
        text += format("\nNot used: %s, %s%s%s", missing.kernel.c_str(), reasonOf(missing),
                       missing.detail.empty() ? "" : ": ", missing.detail.c_str());
    return text;
}

OrderedJson documentOf(const Device& device) {
    const auto text = [](const std::string& value) -> OrderedJson {
        return value.empty() ? OrderedJson(nullptr) : OrderedJson(value);
    };
    OrderedJson document{{"name", device.name},
                         {"uuid", text(device.uuid)},
                         {"type", device.type},
                         {"driver", text(device.driver)},
                         {"variant", text(device.variant)},
                         {"verified", nullptr},
                         {"gb_s", nullptr},
                         {"roof_gb_s", nullptr}};
    if (device.measured) {
        document["verified"] = device.verified;
        document["gb_s"] = device.gbPerSecond;
        document["roof_gb_s"] = device.roof;
        addKernels(device, document);
    }
    return document;
}

std::string linesOf(const Device& device) {
    const std::string driver = device.driver.empty() ? "" : ", " + device.driver;
    std::vector<std::pair<std::string, std::string>> lines{
        {"Device", device.name + " (" + device.type + driver + ")"}};
    if (!device.measured) {
        lines.emplace_back("Used", device.missing.empty() ? "only with --backend vulkan"
                                                          : "no: it lacks " + device.missing);
        return alignedLines(lines);
    }
    lines.emplace_back("Kernels",
                       device.variant + (device.verified ? ", all agree with their scalar twins"
                                                         : ", NOT all agree: see bwla selftest"));
    lines.emplace_back("1-bit product", format("%.1f GB/s of weights", device.gbPerSecond));
    lines.emplace_back("Memory roof", format("%.1f GB/s", device.roof));
    return alignedLines(lines) + kernelLines(device);
}

void devices(const Call& call) {
    const auto all = allDevices(call.options, Stages(call.console));
    OrderedJson document = OrderedJson::array();
    std::string text;
    for (const Device& device : all) {
        document.push_back(documentOf(device));
        text += (text.empty() ? "" : "\n\n") + linesOf(device);
    }
    if (call.console.json())
        call.console.document(document);
    else
        call.console.line(text);
}

} // namespace

void addDevices(Verbs& verbs) {
    verbs.add("devices", "What can compute here, and how fast it reads", devices);
}

} // namespace bwla
