// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/studio/remembered_splitter.h"

#include "core/store/settings_store.h"

#include <QSplitter>
#include <QTimer>

namespace bwla::ui {
namespace {

constexpr int writeAfter = 400; ///< milliseconds: a drag is many moves

} // namespace

void rememberSplitter(Services& services, QSplitter& splitter, const std::string& name) {
    const std::string key = "splitter." + name;
    if (const auto state = SettingsStore(services.store).get(key)) {
        const Qt::Orientation orientation = splitter.orientation(); // of this window's width
        splitter.restoreState(QByteArray::fromBase64(QByteArray::fromStdString(*state)));
        splitter.setOrientation(orientation);
        splitter.setChildrenCollapsible(false);
    }
    auto* later = new QTimer(&splitter);
    later->setSingleShot(true);
    later->setInterval(writeAfter);
    QObject::connect(&splitter, &QSplitter::splitterMoved, later, qOverload<>(&QTimer::start));
    QObject::connect(later, &QTimer::timeout, &splitter, [&services, &splitter, key] {
        services.keep([&] {
            SettingsStore(services.store).set(key, splitter.saveState().toBase64().toStdString());
        });
    });
}

} // namespace bwla::ui
