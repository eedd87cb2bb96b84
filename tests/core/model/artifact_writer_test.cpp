// SPDX-License-Identifier: GPL-3.0-or-later
//
// Writing an artifact: whole or not there, whatever stops it.
#include "artifact_fixture.h"
#include "core/model/artifact.h"
#include "expect_error.h"

#include <QTest>

using namespace bwla;
using namespace bwla::test;

namespace fs = std::filesystem;

class ArtifactWriterTest : public QObject, ArtifactFixture {
    Q_OBJECT

private Q_SLOTS:
    void init() { start(); }

    void diskFullLeavesNothingBehind() {
        const auto plant = [&](std::int64_t layer) {
            // what the writer opens next leads to a device without space
            fs::create_symlink("/dev/full", at("out.writing/shard-0.tmp"));
            return randomBlock(source_->config(), layer);
        };
        TinyModel model;
        model.layers = 1;
        makeSource(model);
        EXPECT_ERROR((writeArtifact(at("out"), *source_, description_, plant,
                                    [](const fs::path&) { return std::string(); }),
                      0),
                     diskFull, "shard-0");
        QVERIFY(!fs::exists(at("out")));
        QVERIFY(!fs::exists(at("out.writing")));
    }

    void interruptedWorkLeavesNothingBehind() {
        const auto fail = [&](std::int64_t layer) {
            if (layer == 1)
                throw Error(ErrorCode::numeric).of("model.layers.1");
            return randomBlock(source_->config(), layer);
        };
        EXPECT_ERROR((writeArtifact(at("out"), *source_, description_, fail,
                                    [](const fs::path&) { return std::string(); }),
                      0),
                     numeric, "model.layers.1");
        QVERIFY(!fs::exists(at("out")));
        QVERIFY(!fs::exists(at("out.writing")));
    }

    void leftoversOfAKilledRunAreReplaced() {
        fs::create_directories(at("out.writing"));
        std::ofstream(at("out.writing/model.safetensors")) << "half a file";
        const fs::path out = write("out");
        Artifact::open(out)->checkHashes();
        QVERIFY(!fs::exists(at("out.writing")));
    }

    void slashAtTheEndMeansTheSameFolder() {
        write("out/");
        QVERIFY(Artifact::isArtifact(at("out")));
        QVERIFY(!fs::exists(at("out.writing")));
    }

    void existingOutputIsNotTouched() {
        fs::create_directories(at("out"));
        std::ofstream(at("out/precious")) << "data";
        EXPECT_ERROR((write("out"), 0), alreadyExists, at("out").string());
        QCOMPARE(content(at("out/precious")), std::string("data"));
    }

    void unwritablePlaceIsNamed() {
        std::ofstream(at("file")) << "not a folder";
        EXPECT_ERROR((write("file/out"), 0), writeFailed, at("file/out").string());
    }

    void probeSeesALoadableFolder() {
        std::int64_t tensors = 0;
        writeArtifact(
            at("out"), *source_, description_,
            [&](std::int64_t layer) { return randomBlock(source_->config(), layer); },
            [&](const fs::path& folder) {
                tensors = Artifact::open(folder)->tensorCount();
                return std::string(R"({"prompts":[]})");
            });
        QVERIFY(tensors > 0);
        QCOMPARE(content(at("out/golden_probe.json")), std::string(R"({"prompts":[]})"));
    }
};

QTEST_GUILESS_MAIN(ArtifactWriterTest)
#include "artifact_writer_test.moc"
