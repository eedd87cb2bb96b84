// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDir>
#include <QPixmap>
#include <QString>
#include <QWidget>

/// Saves what the widget looks like as $BWLA_SHOTS/NAME.png; does nothing without that variable.
inline void saveShot(QWidget& widget, const QString& name) {
    const QString folder = qEnvironmentVariable("BWLA_SHOTS");
    if (folder.isEmpty())
        return;
    QDir().mkpath(folder);
    widget.grab().save(folder + '/' + name + ".png");
}
