// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/text.h"
#include "app/cli/verbs.h"
#include "kernels/bench.h"
#include "kernels/selftest.h"
#include "kernels/vulkan_backend.h"

#include <algorithm>

namespace bwla {
namespace {

struct Device {
    std::string name, uuid, type, driver, variant;
    std::string missing;      ///< why it cannot be used; empty = it can
    bool measured = false;    ///< software devices are, only where Vulkan was asked for
    bool verified = false;    ///< every kernel agrees with its scalar twin
    double gbPerSecond = 0.0; ///< of the 1-bit product, weights from memory
    double roof = 0.0;
};

bool allAgree(const std::vector<KernelCheck>& checks) {
    return std::all_of(checks.begin(), checks.end(),
                       [](const KernelCheck& check) { return check.ok; });
}

void measure(Device& device, ProductBench& bench) {
    const BenchResult result = bench.run({.format = BenchFormat::w1a6, .cold = true});
    device.measured = true;
    device.gbPerSecond = result.gbPerSecond;
    device.roof = bench.roof();
}

Device processor(int threads) {
    KernelBench bench(threads);
    const BackendInfo info = bench.info();
    Device device{.name = info.device,
                  .uuid = {},
                  .type = "cpu",
                  .driver = {},
                  .variant = info.variant + ", " + std::to_string(info.threads) + " threads",
                  .missing = {}};
    device.verified = allAgree(selftest());
    measure(device, bench);
    return device;
}

Device vulkanDevice(const VulkanDeviceInfo& info, const CommonOptions& common) {
    Device device{.name = info.name,
                  .uuid = info.uuid,
                  .type = info.type,
                  .driver = info.driver,
                  .variant = {},
                  .missing = info.missing};
    if (!info.missing.empty() || (!info.isGpu() && common.backend != "vulkan"))
        return device;
    VulkanOptions options;
    options.device = info.uuid;
    device.variant = makeVulkanBackend(options)->info().variant;
    device.verified = allAgree(vulkanSelftest(options));
    measure(device, *makeVulkanBench(options));
    return device;
}

std::vector<Device> allDevices(const CommonOptions& options) {
    std::vector<Device> devices{processor(options.threads)};
    for (const VulkanDeviceInfo& info : vulkanDevices())
        devices.push_back(vulkanDevice(info, options));
    return devices;
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
    return alignedLines(lines);
}

void devices(const Call& call) {
    const auto all = allDevices(call.options);
    OrderedJson document = OrderedJson::array();
    std::string text;
    for (const Device& device : all) {
        document.push_back(documentOf(device));
        text += (text.empty() ? "" : "\n") + linesOf(device);
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
