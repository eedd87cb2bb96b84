// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/error_text.h"
#include "core/job/job.h"
#include "core/model/folder_scan.h"
#include "tiny_model.h"

#include <QTemporaryDir>
#include <QTest>

#include <map>

using namespace bwla;
namespace fs = std::filesystem;

namespace {

struct Found {
    std::map<std::string, ModelSummary> models; ///< by path inside the root
    std::map<std::string, std::string> reasons;
};

Found scan(const fs::path& root) {
    Found found;
    scanFolder(root, {[&](ModelSummary summary) {
                          found.models[fs::path(summary.path).lexically_relative(root)] =
                              std::move(summary);
                      },
                      [&](const NotListed& refused) {
                          found.reasons[fs::path(refused.path).lexically_relative(root)] =
                              sentence(refused.error);
                      }});
    return found;
}

void write(const fs::path& file, const std::string& text) {
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
}

} // namespace

class FolderScanTest : public QObject {
    Q_OBJECT

private slots:
    void findsModelsAtEveryDepth() {
        const QTemporaryDir folder;
        const fs::path root = folder.path().toStdString();
        test::writeTinyFolder(root / "hf");
        fs::create_directories(root / "a/b/c");
        test::writeTinyGguf(root / "a/b/c/small.gguf", DType::f16);
        const Found found = scan(root);
        QCOMPARE(found.models.size(), std::size_t{2});
        const ModelSummary& gguf = found.models.at("a/b/c/small.gguf");
        QCOMPARE(gguf.name, std::string("small"));
        QCOMPARE(gguf.format, std::string("GGUF"));
        QCOMPARE(gguf.types, std::vector<std::string>{"F16"});
        QCOMPARE(gguf.config.layers, std::int64_t{2});
        QVERIFY(!gguf.quantized());
        QVERIFY(!gguf.tokenizerError);
        QCOMPARE(found.models.at("hf").format, std::string("safetensors"));
        QVERIFY(found.reasons.empty());
    }

    void saysWhyAFileIsNotListed() {
        const QTemporaryDir folder;
        const fs::path root = folder.path().toStdString();
        write(root / "notes.gguf", "not a model");
        write(root / "big-00001-of-00003.gguf", "GGUF");
        write(root / "loose.safetensors", "x");
        write(root / "pickled/config.json", R"({"architectures": ["LlamaForCausalLM"],
            "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1,
            "num_attention_heads": 1, "vocab_size": 4})");
        write(root / "pickled/pytorch_model.bin", "x");
        write(root / "mamba/config.json", R"({"architectures": ["MambaForCausalLM"]})");
        write(root / "mamba/model.safetensors", "x");
        write(root / "run.partial/recipe.json", "{}");
        write(root / "readme.txt", "no model either, and nobody expects one");
        const Found found = scan(root);
        QVERIFY(found.models.empty());
        const auto says = [&](const char* path, const char* words) {
            const auto reason = found.reasons.find(path);
            return reason != found.reasons.end() && reason->second.find(words) != std::string::npos;
        };
        QVERIFY(says("notes.gguf", "not GGUF"));
        QVERIFY(says("big-00001-of-00003.gguf", "one part of a split"));
        QVERIFY(says("loose.safetensors", "without config.json"));
        QVERIFY(says("pickled", "PyTorch pickles"));
        QVERIFY(says("mamba", "MambaForCausalLM"));
        QVERIFY(says("run.partial", "unfinished quantization"));
        QCOMPARE(found.reasons.size(), std::size_t{6});
    }

    void truncatedModelIsNamedWithItsSizes() {
        const QTemporaryDir folder;
        const fs::path root = folder.path().toStdString();
        test::writeTinyGguf(root / "short.gguf", DType::f16);
        fs::resize_file(root / "short.gguf", fs::file_size(root / "short.gguf") - 100);
        const Found found = scan(root);
        QVERIFY(found.models.empty());
        QVERIFY(found.reasons.at("short.gguf").find("ends early") != std::string::npos);
    }

    void modelWithoutTokenizerIsListed() {
        const QTemporaryDir folder;
        const fs::path root = folder.path().toStdString();
        test::TinyModel model;
        model.withTokenizer = false;
        test::writeTinyFolder(root / "bare", model);
        const Found found = scan(root);
        QVERIFY(found.models.at("bare").tokenizerError.has_value());
        QCOMPARE(found.models.at("bare").tokenizerError->code, ErrorCode::missingTokenizer);
    }

    void linksInACircleEnd() {
        const QTemporaryDir folder;
        const fs::path root = folder.path().toStdString();
        test::writeTinyFolder(root / "in/model");
        fs::create_directory_symlink(root, root / "in/again");
        fs::create_directory_symlink(root / "in/model", root / "in/same");
        QCOMPARE(scan(root).models.size(), std::size_t{1});
    }

    void huggingFaceCacheNamesItsModels() {
        const QTemporaryDir folder;
        const fs::path root = folder.path().toStdString();
        const fs::path repository = root / "models--some-owner--tiny-llama";
        test::writeTinyFolder(repository / "blobs-of-the-test");
        fs::create_directories(repository / "snapshots/0123abc");
        for (const auto& file : fs::directory_iterator(repository / "blobs-of-the-test"))
            fs::rename(file.path(), repository / file.path().filename()),
                fs::create_symlink(repository / file.path().filename(),
                                   repository / "snapshots/0123abc" / file.path().filename());
        fs::rename(repository / "config.json", repository / "blob-of-config");
        fs::remove(repository / "snapshots/0123abc/config.json");
        fs::create_symlink(repository / "blob-of-config",
                           repository / "snapshots/0123abc/config.json");
        const Found found = scan(root);
        const auto model = found.models.find("models--some-owner--tiny-llama/snapshots/0123abc");
        QVERIFY(model != found.models.end());
        QCOMPARE(model->second.name, std::string("some-owner/tiny-llama"));
    }

    void licenceComesFromTheModelsOwnFiles() {
        const QTemporaryDir folder;
        const fs::path root = folder.path().toStdString();
        test::writeTinyFolder(root);
        QCOMPARE(summarizeModel(root.string()).licence, std::string());
        write(root / "LICENSE", "\n  Some Licence 2.0\nmore\n");
        QCOMPARE(summarizeModel(root.string()).licence, std::string("Some Licence 2.0"));
        write(root / "README.md", "---\ntags: [x]\nlicense: apache-2.0\n---\n# Card\n");
        QCOMPARE(summarizeModel(root.string()).licence, std::string("apache-2.0"));
    }

    void missingFolderIsAReasonNotAnException() {
        const Found found = scan("/nonexistent-folder-of-models");
        QCOMPARE(found.reasons.size(), std::size_t{1});
    }

    void stopEndsTheScan() {
        const QTemporaryDir folder;
        test::writeTinyFolder(folder.path().toStdString());
        std::stop_source stop;
        stop.request_stop();
        QVERIFY_EXCEPTION_THROWN(scanFolder(folder.path().toStdString(),
                                            {[](ModelSummary) {}, [](NotListed) {}},
                                            stop.get_token()),
                                 Cancelled);
    }
};

QTEST_GUILESS_MAIN(FolderScanTest)
#include "folder_scan_test.moc"
