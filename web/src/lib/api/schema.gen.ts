// Generated from docs/openapi.json by `npm run api`. Do not edit.
export interface paths {
    "/api/v1/artists": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Artists by name. */
        get: operations["artists"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/artists/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One artist. */
        get: operations["artist"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/cache": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How the cache stands. */
        get: operations["cache"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/cache/clear": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Removes transcodes: all, or only old ones, those of a quality, or those of some tracks. A listener who plays one hears
         *     it to its end.
         */
        post: operations["clear"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/cache/explain/{track}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Which files the cache should have of a track, which it has, and why. */
        get: operations["explain"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/cache/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes transcodes again that are damaged (every byte is read for that), older than their source, or made by an older
         *     version, as a task.
         */
        post: operations["refresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/cache/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Looks whether transcodes are there, whole by their checksums, and made of what their sources are now. Every byte is read. */
        post: operations["verify"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/cache/warm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes transcodes ahead of time, as a task. Existing files are skipped, unless `overwrite` is true. A run stops when the
         *     cap of the cache is reached, and says so.
         */
        post: operations["warm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/catalog": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Published tracks. Nobody needs to sign in for them, nor for their covers, waveforms, features and HLS. */
        get: operations["catalog"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Events of all tasks. The first ones tell the present state; with `Last-Event-ID` those that were missed. */
        get: operations["events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/folders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The library's folders. */
        get: operations["folders"];
        put?: never;
        /** Adds a folder of the server to the library and scans it. */
        post: operations["add_folder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/folders/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes a folder and its tracks from the library. No file is touched. */
        delete: operations["remove_folder"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/folders/{id}/missing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Removes the missing tracks of a library folder now, permanently: the server no longer waits for their files. The disk is
         *     checked first: tracks whose files are back stay. No file is touched.
         */
        delete: operations["remove_missing"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/parked": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Jobs that were given up, the latest first: each with its track, its reason, and the attempts that failed. */
        get: operations["parked"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/parked/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes a parked job off the list. The track, its file and its state stay as they are; its own retry still queues it. */
        delete: operations["discard_parked"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/parked/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Queues a parked job again, with fresh attempts: that job only. */
        post: operations["retry_parked"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/parked/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Queues all parked jobs again, or those of a queue or of a kind of reason. */
        post: operations["retry_all_parked"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's own API keys. */
        get: operations["keys"];
        put?: never;
        /** Makes an API key. Its secret is in this answer and nowhere else. */
        post: operations["add_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes one of one's own API keys. */
        delete: operations["remove_key"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/library": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The library in numbers. */
        get: operations["library"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Signs in by name and password. */
        post: operations["login"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends the session. (With an API key there is none: nothing happens.) */
        post: operations["logout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who is signed in. */
        get: operations["me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Changes one's own password. Every other session ends: somebody else may have signed in with the old one. API keys go
         *     on working, unless `revoke_keys` says that they end too.
         */
        post: operations["change_password"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/mixtapes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Mixtapes, of everybody. */
        get: operations["mixtapes"];
        put?: never;
        /** Makes a mixtape. Its slug is made of its title. */
        post: operations["create_mixtape"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/mixtapes/{slug}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One mixtape with its tracks. */
        get: operations["mixtape"];
        put?: never;
        post?: never;
        /** Deletes a mixtape with its public links; guests are out at once. Its tracks stay where they are. */
        delete: operations["delete_mixtape"];
        options?: never;
        head?: never;
        /** Changes title, notes or tracks of a mixtape. The slug stays. */
        patch: operations["change_mixtape"];
        trace?: never;
    };
    "/api/v1/mixtapes/{slug}/cache": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the tracks of a mixtape are ready, in the qualities that saved mixtapes are made ready in. */
        get: operations["mixtape_cache"];
        put?: never;
        /** Makes the tracks of a mixtape ready, as a task. For who made it, and owners. */
        post: operations["warm_mixtape"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/mixtapes/{slug}/cover": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The mixtape's cover: the one it was given, else one composed of the covers of its first tracks. */
        get: operations["mixtape_cover"];
        /** Gives the mixtape a cover. The image is decoded and encoded again. */
        put: operations["give_cover"];
        post?: never;
        /** Takes the given cover away: the composed one shows again. */
        delete: operations["take_cover"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/mixtapes/{slug}/duplicate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Copies a mixtape, anybody's, into one of one's own. */
        post: operations["duplicate_mixtape"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/mixtapes/{slug}/m3u8": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The mixtape as an M3U8 playlist: paths as they are below their library folders, `Artist - Title` and length of each. */
        get: operations["export_mixtape"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/mixtapes/{slug}/shares": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The mixtape's public links, without what opens them. */
        get: operations["shares"];
        put?: never;
        /** Makes a public link. Its token and address are in this answer and nowhere else. */
        post: operations["add_share"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/mixtapes/{slug}/shares/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes a public link; guests who opened it lose access at once. */
        delete: operations["remove_share"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/mixtapes/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes a mixtape of an M3U, M3U8, PLS or XSPF playlist, sent as it is or in a form's field `file`. What the playlist names is
         *     compared with the library, by the end of its path, then by artist, title and length; no file is opened.
         */
        post: operations["import_mixtape"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document. */
        get: operations["document"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/quarantine": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Files of the server that no track names, as after an older database was put back. They are kept for a time
         *     (`storage.quarantine_days`) and then deleted; one that a track names again leaves the list.
         */
        get: operations["quarantine"];
        put?: never;
        post?: never;
        /** Deletes every file in quarantine now. */
        delete: operations["empty_quarantine"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/quarantine/{kind}/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Deletes a file in quarantine now. */
        delete: operations["delete_quarantined"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/quarantine/upload/{name}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes a track of an upload in quarantine again, which belongs to the caller. Its title comes from its tags; under what
         *     name it was sent is not known any more.
         */
        post: operations["restore_upload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/releases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Releases by title. */
        get: operations["releases"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/releases/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One release. */
        get: operations["release"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/releases/{id}/cover": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The cover of the release's first track that has one. */
        get: operations["release_cover"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/releases/{id}/gain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The gain of one release. It is known when no track of it waits for its analysis and one has a loudness. Silent tracks change
         *     nothing; tracks that are missing, failed or have impossible values do not count and are named.
         */
        get: operations["gain"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/scan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Scans all folders now; gives the running scan's task if one runs. */
        post: operations["scan"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every setting: its value, who decides it, and whether it can be changed while the server runs. */
        get: operations["settings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Changes settings, all or none, at once. They win over the settings file and lose to environment and flags. */
        patch: operations["change_settings"];
        trace?: never;
    };
    "/api/v1/setup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Creates the owner with the token of the one-time link, and signs them in. */
        post: operations["setup"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shared/cover": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The cover of an opened mixtape. */
        get: operations["shared_cover"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shared/open": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Opens a public link: gives the mixtape, and a cookie that its tracks can be analyzed with. */
        post: operations["open_share"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shared/tracks/{id}/audio": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The sound of a track of an opened mixtape, whole or in ranges, in the quality `audio_cache.default_quality`. What is not
         *     there in that quality is made while it is sent, whatever `audio_cache.on_miss` says. Guests analyze originals only where
         *     that is the quality, nothing smaller can be made of a file (it is small already), the cache is switched off or cannot be
         *     written, or its codec is AAC and the file was not made ahead; `X-Fanfare-Quality` says what is sent.
         */
        get: operations["shared_audio"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /**
         * The sound of a track of an opened mixtape, whole or in ranges, in the quality `audio_cache.default_quality`. What is not
         *     there in that quality is made while it is sent, whatever `audio_cache.on_miss` says. Guests analyze originals only where
         *     that is the quality, nothing smaller can be made of a file (it is small already), the cache is switched off or cannot be
         *     written, or its codec is AAC and the file was not made ahead; `X-Fanfare-Quality` says what is sent.
         */
        head: operations["shared_audio_head"];
        patch?: never;
        trace?: never;
    };
    "/api/v1/shared/tracks/{id}/cover": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The cover of a track of an opened mixtape. */
        get: operations["shared_track_cover"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shared/tracks/{id}/waveform/columns": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The shape of a track of an opened mixtape, as `/tracks/{id}/waveform/columns`. */
        get: operations["shared_waveform"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a client asks first: version, whether an owner exists, whether the caller is signed in. */
        get: operations["status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tasks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The latest tasks, newest first. */
        get: operations["tasks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tasks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One task. */
        get: operations["task"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tasks/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stops a task that runs. */
        post: operations["cancel_task"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tasks/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Events of one task. The first one tells the present state, or the last one; with `Last-Event-ID` those that were missed. */
        get: operations["task_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tasks/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Does a task again that failed in part or in whole. */
        post: operations["retry_task"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tasks/schedule": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** When background analysis runs by itself, and how it ran last. */
        get: operations["schedule"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tasks/schedule/run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Starts a run of background analysis now, whatever the hour; gives the one under way if there is one. */
        post: operations["run_schedule"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tracks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tracks: filtered, sorted, by page. */
        get: operations["tracks"];
        put?: never;
        /**
         * Takes in a file. What it is is read from its content; its name is only shown. It becomes a track that is analyzed and
         *     described by itself: its state tells how far that is.
         */
        post: operations["upload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tracks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One track. */
        get: operations["track"];
        put?: never;
        post?: never;
        /** Deletes an uploaded track and everything that was made of it. Files of library folders are only ever read. */
        delete: operations["delete_track"];
        options?: never;
        head?: never;
        /** Publishes a track that is ready, or takes it out of the public catalog. */
        patch: operations["change_track"];
        trace?: never;
    };
    "/api/v1/tracks/{id}/audio": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The sound of a track: the bytes of its own file or of a smaller one, whole or in ranges (RFC 9110 section 14). A file that changes
         *     gets a new ETag. `HEAD` makes nothing: it is answered from what the file will be.
         * @description `X-Fanfare-Quality` says what is really sent, `X-Fanfare-Cache` why: `hit`, `encoding`, `original` (nothing smaller is made of it),
         *     `miss` (the original in place of a file that cannot be made now).
         */
        get: operations["audio"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /**
         * The sound of a track: the bytes of its own file or of a smaller one, whole or in ranges (RFC 9110 section 14). A file that changes
         *     gets a new ETag. `HEAD` makes nothing: it is answered from what the file will be.
         * @description `X-Fanfare-Quality` says what is really sent, `X-Fanfare-Cache` why: `hit`, `encoding`, `original` (nothing smaller is made of it),
         *     `miss` (the original in place of a file that cannot be made now).
         */
        head: operations["audio_head"];
        patch?: never;
        trace?: never;
    };
    "/api/v1/tracks/{id}/cover": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The track's cover; of a published track for everybody. */
        get: operations["track_cover"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tracks/{id}/features": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What analysis knows of the track (of a published one for everybody); parts are `null` while it was not analyzed. */
        get: operations["features"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tracks/{id}/hls/{variant}/{file}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a variant is asked for: a playlist, its init section, or a segment. */
        get: operations["file"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /** What a variant is asked for: a playlist, its init section, or a segment. */
        head: operations["file_head"];
        patch?: never;
        trace?: never;
    };
    "/api/v1/tracks/{id}/hls/index.m3u8": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The multivariant playlist: every variant of the ladder, with its codec and measured bandwidths. */
        get: operations["variants"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /** The multivariant playlist: every variant of the ladder, with its codec and measured bandwidths. */
        head: operations["variants_head"];
        patch?: never;
        trace?: never;
    };
    "/api/v1/tracks/{id}/hls/ts.m3u8": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The multivariant playlist for players without fragmented MP4: every variant that an MPEG transport stream can carry (AAC),
         *     with the bandwidths of its segments as such.
         */
        get: operations["transport_variants"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /**
         * The multivariant playlist for players without fragmented MP4: every variant that an MPEG transport stream can carry (AAC),
         *     with the bandwidths of its segments as such.
         */
        head: operations["transport_variants_head"];
        patch?: never;
        trace?: never;
    };
    "/api/v1/tracks/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tries a track again that failed. One that is ready and lacks its enrichment alone is only enriched again. */
        post: operations["retry_track"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tracks/{id}/waveform": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The track's shape at any zoom, in audiowaveform's JSON form (version 2). */
        get: operations["waveform"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tracks/{id}/waveform.dat": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same in audiowaveform's binary form (`.dat`, version 2). */
        get: operations["waveform_dat"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tracks/{id}/waveform/columns": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The track's shape in 800 columns of equal length, for drawing: peaks and RMS of all channels, four frequency bands. */
        get: operations["waveform_columns"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The accounts. */
        get: operations["users"];
        put?: never;
        /** Makes an account. */
        post: operations["add_user"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes an account with its sessions and keys. The last owner stays. */
        delete: operations["remove_user"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the server lives: it answers as long as it can answer at all. */
        get: operations["live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether the server can do its work: the store answers and no shutdown is under way. On a disk that is full or read-only it
         *     can, as far as nothing has to be stored, and another start would change nothing: so that is 200 with `read-only` and the
         *     cause; likewise `degraded` where a part of what is stored cannot be read.
         */
        get: operations["ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Numbers for Prometheus. */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description One of AcoustID's tracks whose fingerprint fits. */
        AcoustIdMatch: {
            /** @description AcoustID's identifier. */
            acoustid: string;
            /** @description The recordings in MusicBrainz that it is, the likeliest first. */
            recordings: components["schemas"]["RecordingMatch"][];
            /**
             * Format: double
             * @description How well the fingerprint fits, 0 to 1.
             */
            score: number;
        };
        /**
         * @description How an analyzer ended.
         * @enum {string}
         */
        AnalysisOutcome: "ok" | "failed";
        /** @description One analyzer on one track. */
        AnalysisRun: {
            /**
             * Format: date-time
             * @description When its result was made; `null` for results from before that was noted.
             */
            analyzed_at: string | null;
            /** @description The analyzer, for example `loudness`; `acoustid` for what AcoustID was asked. */
            analyzer: string;
            /** @description How it ended. */
            outcome: components["schemas"]["AnalysisOutcome"];
            /**
             * Format: int32
             * @description Its version; a newer one analyzes the track again.
             */
            version: number;
        };
        /** @description An API key, without its secret. */
        ApiKey: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            created: string;
            /** @description Id. */
            id: string;
            /**
             * Format: date-time
             * @description When it was last used, to the minute.
             */
            last_used: string | null;
            /** @description What it is for. */
            name: string;
        };
        /** @description An artist. */
        Artist: {
            /** @description Id. */
            id: string;
            /** @description Name. */
            name: string;
            /**
             * Format: int64
             * @description Releases credited to the artist.
             */
            release_count: number;
            /**
             * Format: int64
             * @description Tracks filed under the artist.
             */
            track_count: number;
        };
        /** @description An artist, by name. */
        ArtistRef: {
            /** @description Id. */
            id: string;
            /** @description Name. */
            name: string;
        };
        /** @description The track's shape in the JSON form of the audiowaveform project, version 2, as peaks.js and waveform-data.js read it. */
        AudioWaveform: {
            /**
             * Format: int32
             * @description 8 bits per value.
             */
            bits: number;
            /**
             * Format: int32
             * @description 1: the mono mix.
             */
            channels: number;
            /** @description Smallest and largest sample of each pixel in turn, -128 to 127. */
            data: number[];
            /** @description How many pixels. */
            length: number;
            /**
             * Format: int32
             * @description Rate of the audio, in Hz.
             */
            sample_rate: number;
            /**
             * Format: int32
             * @description Frames in a pixel: what was asked for, or the next smaller number there is.
             */
            samples_per_pixel: number;
            /**
             * Format: int32
             * @description Version of the form: 2.
             */
            version: number;
        };
        /** @description A folder that is taken to be away: storage that is not connected, most likely. */
        AwayFolder: {
            /** @description Its path below the library folder; empty for the library folder itself. */
            path: string;
            /** @description Why it is taken to be away. */
            reason: components["schemas"]["AwayReason"];
            /**
             * Format: date-time
             * @description Since when.
             */
            since: string;
            /**
             * Format: int64
             * @description How many tracks in it are missing.
             */
            tracks: number;
        };
        /**
         * @description Why a folder is taken to be away.
         * @enum {string}
         */
        AwayReason: "not_there" | "unreadable" | "other_file_system" | "many_gone" | "all_gone";
        /** @description What was removed. */
        CacheCleared: {
            /**
             * Format: int64
             * @description Their bytes.
             */
            bytes: number;
            /**
             * Format: int64
             * @description Files.
             */
            removed: number;
        };
        /** @description What to remove. */
        CacheClearing: {
            /**
             * Format: int32
             * @description Only what was made longer ago than that.
             * @default null
             */
            older_than_days: number | null;
            /** @default null */
            quality: components["schemas"]["Quality"] | null;
            /** @default null */
            scope: components["schemas"]["CacheScope"] | null;
        };
        /** @description What makes transcodes. */
        CacheEncoder: {
            /** @description Whether it is there. */
            available: boolean;
            /** @description Its name. */
            name: string;
            /** @description Why it is not. */
            problem: string | null;
            /** @description What to do about that. */
            remedy: string | null;
        };
        /** @description One quality of a track. */
        CacheExplained: {
            /** @description The name that its file has, or would have. */
            expected_file: string | null;
            /** @description Whether there is such a file. */
            found: boolean;
            /** @description The quality. */
            quality: components["schemas"]["Quality"];
            /** @description Why it is as it is. */
            reason: string;
            /** @description What to do about it. */
            remedy: string | null;
            /**
             * Format: int64
             * @description How many bytes it has.
             */
            size_bytes: number | null;
            /** @description `ready`, `missing`, `stale`, `damaged`, `encoding` or `not_needed`. */
            state: string;
        };
        /** @description Why a track's transcodes are as they are. */
        CacheExplanation: {
            /** @description By quality, the best first. */
            qualities: components["schemas"]["CacheExplained"][];
            /** @description What it is made of. */
            source: components["schemas"]["CacheSource"];
            /** @description Its title. */
            title: string;
            /** @description The track. */
            track: string;
        };
        /** @description Transcodes of one quality. */
        CacheQuality: {
            /**
             * Format: int64
             * @description Their rate.
             */
            bitrate_bps: number;
            /**
             * Format: int64
             * @description Their bytes.
             */
            bytes: number;
            /**
             * Format: int64
             * @description How many there are.
             */
            files: number;
            /** @description The quality. */
            quality: components["schemas"]["Quality"];
        };
        /** @description What to make ready. */
        CacheRequest: {
            /** @description Whether what is there is made again. Only for `/cache/warm`. */
            overwrite?: boolean;
            /** @description Which qualities; by the settings when there are none. */
            qualities?: components["schemas"]["Quality"][];
            /** @description Of which tracks. */
            scope: components["schemas"]["CacheScope"];
            /** @description Tracks at a time; 1 for one after the other, by the settings when absent. */
            workers?: number | null;
        };
        /** @description Which tracks: exactly one of these. */
        CacheScope: {
            /**
             * @description All.
             * @default null
             */
            all: boolean | null;
            /**
             * @description Those of an artist.
             * @default null
             */
            artist: string | null;
            /**
             * @description Those of a mixtape, by its slug.
             * @default null
             */
            mixtape: string | null;
            /**
             * @description Those of a release.
             * @default null
             */
            release: string | null;
            /**
             * @description Those that a search finds.
             * @default null
             */
            search: string | null;
            /**
             * @description Those, in that order.
             * @default null
             */
            tracks: string[] | null;
        };
        /** @description What transcodes are made of. */
        CacheSource: {
            /** @description Its codec. */
            codec: string | null;
            /** @description The hash of its bytes, from which the names of transcodes come. */
            hash: string | null;
            /** @description Whether that keeps every bit. */
            lossless: boolean | null;
            /**
             * Format: int64
             * @description Its size.
             */
            size_bytes: number;
        };
        /** @description How the cache stands. */
        CacheStatus: {
            /**
             * Format: int64
             * @description The room that all of it may take.
             */
            cap_bytes: number;
            /** @description The codec of transcodes: `mp3`, `opus` or `aac`. */
            codec: string;
            /** @description What is sent to everybody who names no quality, signed in or guest. */
            default_quality: components["schemas"]["Quality"];
            /** @description The master switch. */
            enabled: boolean;
            /** @description What encodes. */
            encoder: components["schemas"]["CacheEncoder"];
            /**
             * Format: int64
             * @description Files that are being made for listeners now.
             */
            encoding: number;
            /**
             * Format: int64
             * @description Transcodes.
             */
            files: number;
            /** @description Where transcodes lie; only owners are told. */
            folder: string | null;
            /**
             * Format: int64
             * @description What is free on the disk of the cache folder, where the system says that.
             */
            free_bytes: number | null;
            /**
             * Format: int64
             * @description Requests that were answered from whole files, since the server started.
             */
            hits: number;
            /**
             * Format: int64
             * @description The share of HLS in that.
             */
            hls_bytes: number;
            /**
             * Format: int64
             * @description Tracks at a time when many are made ahead.
             */
            max_workers: number;
            /**
             * Format: int64
             * @description Those that were not.
             */
            misses: number;
            /**
             * Format: date-time
             * @description When the file that was used longest ago was used.
             */
            oldest_used: string | null;
            /** @description `encode` or `original`. */
            on_miss: string;
            /** @description Whether saved mixtapes and uploads are made ready at once. */
            precache_on_upload: boolean;
            /** @description By quality, the best first. */
            qualities: components["schemas"]["CacheQuality"][];
            /**
             * Format: int64
             * @description The room that it takes, HLS of library tracks included.
             */
            size_bytes: number;
        };
        /** @description What was found of tracks. */
        CacheVerified: {
            /**
             * Format: int64
             * @description Files that were looked for.
             */
            checked: number;
            /**
             * Format: int64
             * @description Those that are not as they were made.
             */
            damaged: number;
            /**
             * Format: int64
             * @description Those that are not there.
             */
            missing: number;
            /**
             * Format: int64
             * @description Those that are ready.
             */
            ready: number;
            /**
             * Format: int64
             * @description Those that were made of something else than the source is now.
             */
            stale: number;
            /** @description The first 500 tracks, one by one. */
            tracks: components["schemas"]["CacheVerifiedTrack"][];
        };
        /** @description One track of that. */
        CacheVerifiedTrack: {
            /** @description By quality: `ready`, `missing`, `stale`, `damaged` or `not_needed`. */
            qualities: {
                [key: string]: string;
            };
            /** @description Its title. */
            title: string;
            /** @description The track. */
            track: string;
        };
        /** @description A published track, without what is its owner's business: paths, sizes, failures. */
        CatalogTrack: {
            /** @description The artist's name. */
            artist: string | null;
            /** @description Key on the Camelot wheel, for example `8A`. */
            camelot: string | null;
            /**
             * Format: double
             * @description How long it plays.
             */
            duration_s: number | null;
            /** @description Genre, as written in the tags. */
            genre: string | null;
            /** @description Whether `/tracks/{id}/cover` has an image. */
            has_cover: boolean;
            /** @description Id. `/tracks/{id}/hls/index.m3u8` plays it; `cover`, `waveform` and `features` are there too. */
            id: string;
            /**
             * Format: double
             * @description Integrated loudness (ITU-R BS.1770-5).
             */
            integrated_lufs: number | null;
            /** @description Key, for example `A minor`. */
            key: string | null;
            /**
             * Format: date-time
             * @description When it was made public.
             */
            published: string | null;
            /** @description The release's title. */
            release: string | null;
            /**
             * Format: double
             * @description ReplayGain to -18 LUFS: measured, else from the tags.
             */
            replaygain_track_gain_db: number | null;
            /**
             * Format: double
             * @description Tempo.
             */
            tempo_bpm: number | null;
            /** @description Title. */
            title: string;
            /**
             * Format: double
             * @description True peak.
             */
            true_peak_dbtp: number | null;
            /**
             * Format: int32
             * @description Year of release.
             */
            year: number | null;
        };
        /** @description What was deleted. */
        DeletedFiles: {
            /**
             * Format: int64
             * @description Their bytes.
             */
            bytes: number;
            /**
             * Format: int64
             * @description Files.
             */
            files: number;
        };
        /** @description Level and its movement. */
        Dynamics: {
            /**
             * Format: int64
             * @description Frames in runs of full-scale samples.
             */
            clipped_frames: number;
            /**
             * Format: double
             * @description Dynamic complexity.
             */
            complexity_db: number | null;
            /**
             * Format: double
             * @description Sample peak over RMS.
             */
            crest_db: number | null;
            /**
             * Format: double
             * @description Root mean square of all samples.
             */
            rms_dbfs: number | null;
            /**
             * Format: double
             * @description Silence before the first sound.
             */
            silence_head_s: number;
            /**
             * Format: double
             * @description Silence after the last sound.
             */
            silence_tail_s: number;
        };
        /** @description Which embedding exists. */
        Embedding: {
            /**
             * Format: int32
             * @description Numbers in a vector.
             */
            dimensions: number;
            /** @description The model's name. */
            model: string;
            /** @description The model's version. */
            version: string;
        };
        /** @description Estimates of how a track feels, each a number from 0 to 1 that nobody can measure, with the method that gave it. */
        Enrichment: {
            arousal: components["schemas"]["Estimate"] | null;
            danceability: components["schemas"]["Estimate"] | null;
            energy: components["schemas"]["Estimate"] | null;
            /** @description What could not be told, and why. */
            missing: components["schemas"]["MissingFigure"][];
            valence: components["schemas"]["Estimate"] | null;
            voice: components["schemas"]["Estimate"] | null;
        };
        /**
         * @description How far enrichment came. Playing never waits for it.
         * @enum {string}
         */
        EnrichmentState: "none" | "pending" | "completed" | "failed";
        /** @description A figure that nobody can measure. */
        Estimate: {
            /** @description How it was found. */
            method: string;
            /**
             * Format: double
             * @description 0 to 1.
             */
            value: number;
        };
        /** @description An attempt that failed. */
        FailedAttempt: {
            /**
             * Format: int32
             * @description Its number, from 1.
             */
            attempt: number;
            /**
             * Format: date-time
             * @description When it ended.
             */
            ended_at: string;
            /** @description What kind of trouble. */
            kind: string;
            /** @description What happened. */
            message: string;
        };
        /** @description Everything known of a track's sound. A part is `null` while its analyzer gave nothing; `warnings` say why. */
        Features: {
            /** @description What AcoustID knows of the fingerprint, the best match first; `null` while nobody was asked. */
            acoustid: components["schemas"]["AcoustIdMatch"][] | null;
            /**
             * Format: date-time
             * @description When an analyzer last measured the track; `null` while none did, or when that was before it was noted.
             */
            analyzed_at: string | null;
            /** @description Which analyzers were run, each in which version and when. */
            analyzers: components["schemas"]["AnalysisRun"][];
            dynamics: components["schemas"]["Dynamics"] | null;
            embedding: components["schemas"]["Embedding"] | null;
            enrichment: components["schemas"]["Enrichment"] | null;
            fingerprint: components["schemas"]["Fingerprint"] | null;
            key: components["schemas"]["Key"] | null;
            loudness: components["schemas"]["Loudness"] | null;
            rhythm: components["schemas"]["Rhythm"] | null;
            speech_music: components["schemas"]["SpeechMusic"] | null;
            timbre: components["schemas"]["Timbre"] | null;
            /** @description Why values are missing, and what was odd about the audio. */
            warnings: string[];
            waveform: components["schemas"]["Waveform"] | null;
        };
        /** @description A Chromaprint fingerprint. */
        Fingerprint: {
            /**
             * Format: int32
             * @description Chromaprint's number of the algorithm.
             */
            algorithm: number;
            /** @description As AcoustID takes it. */
            chromaprint: string;
            /**
             * Format: double
             * @description How much of the track it covers.
             */
            duration_s: number;
        };
        /** @description A library folder. */
        Folder: {
            /**
             * Format: date-time
             * @description When it was added.
             */
            added: string;
            /** @description Folders in it whose tracks were most likely not deleted. */
            away: components["schemas"]["AwayFolder"][];
            /** @description Id. */
            id: string;
            /**
             * Format: int64
             * @description Tracks in it whose file is not where it was: hidden, and whole again when the file is back.
             */
            missing: number;
            /**
             * Format: date-time
             * @description Since when the first of them is missing.
             */
            missing_since: string | null;
            /** @description Its absolute path. */
            path: string;
            /**
             * Format: date-time
             * @description When that one is removed by the next scan, unless its file is back: `null` where none is removed by itself.
             */
            removed_from: string | null;
            /**
             * Format: date-time
             * @description When a scan of it last ended.
             */
            scanned: string | null;
        };
        /** @description Whether the server lives, or is ready. */
        Health: {
            /**
             * @description `ok`; `read-only` when what is there plays and nothing new can be stored; `degraded` when `storage` says that a part of
             *     what is stored cannot be read; `unavailable`.
             * @example ok
             */
            status: string;
            storage: components["schemas"]["Storage"] | null;
            /** @description What is not ready, in words; empty when all is. */
            waiting_for: string[];
        };
        /**
         * Format: binary
         * @description An image: JPEG, PNG, WebP, GIF or BMP.
         */
        ImageRequest: string;
        /** @description A mixtape made of a playlist. */
        ImportedMixtape: {
            /** @description The mixtape. */
            mixtape: components["schemas"]["MixtapeWithTracks"];
            /** @description The playlist's files that no track was found for. */
            unmatched: string[];
        };
        /** @description A musical key. */
        Key: {
            /** @description The key on the Camelot wheel. */
            camelot: string;
            /**
             * Format: double
             * @description How sure it is, 0 to 1.
             */
            confidence: number;
            /** @description Major or minor. */
            mode: components["schemas"]["Mode"];
            /** @description The keys in turn. */
            segments: components["schemas"]["KeySegment"][];
            /** @description The tonic, with sharps. */
            tonic: string;
            /**
             * Format: double
             * @description Deviation of the tuning from 440 Hz in cents.
             */
            tuning_cents: number | null;
        };
        /** @description A stretch of a track in one key. */
        KeySegment: {
            /** @description The key on the Camelot wheel. */
            camelot: string;
            /**
             * Format: double
             * @description How sure it is, 0 to 1.
             */
            confidence: number;
            /**
             * Format: double
             * @description Where it ends.
             */
            end_s: number;
            /** @description Major or minor. */
            mode: components["schemas"]["Mode"];
            /**
             * Format: double
             * @description Where it begins.
             */
            start_s: number;
            /** @description The tonic, with sharps. */
            tonic: string;
        };
        /** @description The library in numbers. */
        Library: {
            /**
             * Format: int64
             * @description Artists.
             */
            artists: number;
            /**
             * Format: double
             * @description How long all of it plays.
             */
            duration_s: number;
            /**
             * Format: int64
             * @description Tracks that cannot be read.
             */
            failed: number;
            /**
             * Format: int64
             * @description Tracks whose file is missing; they are in none of the other numbers.
             */
            missing: number;
            /**
             * Format: int64
             * @description Tracks being analyzed.
             */
            processing: number;
            /**
             * Format: int64
             * @description Tracks waiting to be analyzed.
             */
            queued: number;
            /**
             * Format: int64
             * @description Tracks analyzed.
             */
            ready: number;
            /**
             * Format: int64
             * @description Releases.
             */
            releases: number;
            /**
             * Format: int64
             * @description Tracks in all.
             */
            tracks: number;
            /** @description Why no track is being analyzed at the moment, when the worker that analyzes them does not stay up. */
            trouble: string | null;
        };
        /** @description A list that is short by nature. */
        ListDto_ApiKey: {
            /** @description The rows. */
            items: {
                /**
                 * Format: date-time
                 * @description When it was made.
                 */
                created: string;
                /** @description Id. */
                id: string;
                /**
                 * Format: date-time
                 * @description When it was last used, to the minute.
                 */
                last_used?: string | null;
                /** @description What it is for. */
                name: string;
            }[];
        };
        /** @description A list that is short by nature. */
        ListDto_Folder: {
            /** @description The rows. */
            items: {
                /**
                 * Format: date-time
                 * @description When it was added.
                 */
                added: string;
                /** @description Folders in it whose tracks were most likely not deleted. */
                away: components["schemas"]["AwayFolder"][];
                /** @description Id. */
                id: string;
                /**
                 * Format: int64
                 * @description Tracks in it whose file is not where it was: hidden, and whole again when the file is back.
                 */
                missing: number;
                /**
                 * Format: date-time
                 * @description Since when the first of them is missing.
                 */
                missing_since?: string | null;
                /** @description Its absolute path. */
                path: string;
                /**
                 * Format: date-time
                 * @description When that one is removed by the next scan, unless its file is back: `null` where none is removed by itself.
                 */
                removed_from?: string | null;
                /**
                 * Format: date-time
                 * @description When a scan of it last ended.
                 */
                scanned?: string | null;
            }[];
        };
        /** @description A list that is short by nature. */
        ListDto_Setting: {
            /** @description The rows. */
            items: {
                /** @description The words to choose from. */
                choices: string[];
                /** @description Its value when nobody sets it. */
                default: unknown;
                /** @description Why it cannot be changed here; `null` when it can. */
                fixed?: string | null;
                /** @description What it does. */
                help: string;
                /**
                 * Format: double
                 * @description The most a number may be.
                 */
                max?: number | null;
                /**
                 * Format: double
                 * @description The least a number may be.
                 */
                min?: number | null;
                /**
                 * @description Its dotted name.
                 * @example analysis.pacing
                 */
                name: string;
                /** @description Who decides it. */
                source: components["schemas"]["SettingSource"];
                /**
                 * @description What kind of value it takes: `count`, `number`, `bytes`, `switch`, `choice`, `text`, `path`, `paths`, `address`, `url`,
                 *     `schedule`, `hours`, `ladder` or `secret`.
                 */
                type: string;
                /** @description Unit of a number. */
                unit?: string | null;
                /** @description Its value now. Of a secret only whether there is one. */
                value: unknown;
                /** @description Its environment variable. */
                variable: string;
            }[];
        };
        /** @description A list that is short by nature. */
        ListDto_Share: {
            /** @description The rows. */
            items: {
                /**
                 * Format: date-time
                 * @description When it was made.
                 */
                created: string;
                /** @description Whether guests may take the files with them. */
                download: boolean;
                /** @description Whether it has ended. */
                expired: boolean;
                /**
                 * Format: date-time
                 * @description When it ends; `null`: when a user removes it.
                 */
                expires?: string | null;
                /** @description Id. */
                id: string;
                /** @description Whether guests need a password. */
                password: boolean;
            }[];
        };
        /** @description A list that is short by nature. */
        ListDto_Task: {
            /** @description The rows. */
            items: {
                /**
                 * Format: date-time
                 * @description When it was asked for.
                 */
                created: string;
                /**
                 * Format: int64
                 * @description Units done.
                 */
                current: number;
                /** @description The current file. */
                current_item?: string | null;
                /**
                 * Format: date-time
                 * @description When it ended.
                 */
                ended?: string | null;
                /**
                 * Format: int64
                 * @description How many files failed.
                 */
                failure_count: number;
                /** @description The first failures; `failure_count` is exact. */
                failures: components["schemas"]["TaskFailure"][];
                /** @description Id. */
                id: string;
                /** @description What it does. */
                kind: components["schemas"]["TaskKind"];
                /** @description The last things that happened, oldest first; empty in lists. */
                log: components["schemas"]["TaskLine"][];
                /** @description The latest sentence. */
                message: string;
                /**
                 * Format: date-time
                 * @description When it started.
                 */
                started?: string | null;
                /** @description Where it stands. */
                state: components["schemas"]["TaskState"];
                /** @description The step it is in, in words. */
                step: string;
                /**
                 * Format: int64
                 * @description Units in all, as far as known; 0 while unknown.
                 */
                total: number;
            }[];
        };
        /** @description A list that is short by nature. */
        ListDto_User: {
            /** @description The rows. */
            items: {
                /**
                 * Format: date-time
                 * @description When the account was made.
                 */
                created: string;
                /** @description Id. */
                id: string;
                /** @description The name to sign in with. */
                name: string;
                /** @description Role. */
                role: components["schemas"]["Role"];
            }[];
        };
        /** @description Signs in. */
        LoginRequest: {
            /** @description Name. */
            name: string;
            /** @description Password. */
            password: string;
        };
        /** @description Loudness (ITU-R BS.1770-5, EBU R 128) and ReplayGain 2. */
        Loudness: {
            /**
             * Format: double
             * @description Integrated loudness.
             */
            integrated_lufs: number | null;
            /**
             * Format: double
             * @description Largest momentary loudness.
             */
            momentary_max_lufs: number | null;
            /**
             * Format: double
             * @description Loudness range.
             */
            range_lu: number | null;
            /**
             * Format: double
             * @description Gain to -18 LUFS.
             */
            replaygain_track_gain_db: number | null;
            /**
             * Format: double
             * @description True peak as a factor of full scale.
             */
            replaygain_track_peak: number | null;
            /**
             * Format: double
             * @description Largest sample.
             */
            sample_peak_dbfs: number | null;
            series: components["schemas"]["LoudnessSeries"] | null;
            /**
             * Format: double
             * @description Largest short-term loudness.
             */
            short_term_max_lufs: number | null;
            /**
             * Format: double
             * @description Largest true peak.
             */
            true_peak_dbtp: number | null;
        };
        /** @description Loudness over time in at most 1,200 steps. `null` where nothing is above -70 LUFS. */
        LoudnessSeries: {
            /** @description Momentary loudness (400 ms). */
            momentary_lufs: (number | null)[];
            /** @description Short-term loudness (3 s). */
            short_term_lufs: (number | null)[];
            /**
             * Format: double
             * @description Length of a step.
             */
            step_s: number;
        };
        /** @description The person who is signed in. */
        Me: {
            /** @description Id. */
            id: string;
            /** @description Whether `POST /tracks` takes files from them. */
            may_upload: boolean;
            /** @description Name. */
            name: string;
            /** @description Role. */
            role: components["schemas"]["Role"];
            /**
             * Format: int64
             * @description The largest file it takes.
             */
            upload_max_bytes: number;
        };
        /** @description A figure that could not be told. */
        MissingFigure: {
            /** @description Which one: `danceability`, `energy`, `valence`, `arousal`, `voice` or `embedding`. */
            figure: string;
            /** @description Why, in a sentence. */
            message: string;
        };
        /** @description An ordered, titled list of tracks. */
        Mixtape: {
            /** @description Address of its cover: the one it was given, or one composed of its tracks'. It changes with the mixtape. */
            cover: string | null;
            /** @description Whether the cover was given, so that `DELETE .../cover` brings the composed one back. */
            cover_given: boolean;
            /**
             * Format: date-time
             * @description When it was made.
             */
            created: string;
            /**
             * Format: double
             * @description How long the tracks that are there play.
             */
            duration_s: number;
            /** @description Whether the caller may change it: its maker and owners of the server may. */
            may_change: boolean;
            /** @description Whether it is the caller's own. */
            mine: boolean;
            /**
             * Format: int64
             * @description Entries whose track is gone.
             */
            missing: number;
            /** @description What its maker says about it; may be empty. */
            notes: string;
            /** @description Name of the person whose it is; `null` when their account is gone. */
            owner: string | null;
            /** @description Its name in addresses; kept when the title changes. */
            slug: string;
            /** @description Title. */
            title: string;
            /**
             * Format: int64
             * @description Entries, also those whose track is gone.
             */
            track_count: number;
            /**
             * Format: date-time
             * @description When it last changed.
             */
            updated: string;
        };
        /** @description Changes a mixtape: what is not named stays. */
        MixtapeChangeRequest: {
            /** @description New notes. */
            notes?: string | null;
            /** @description A new title. The slug stays. */
            title?: string | null;
            /** @description All its tracks in their new order. Ids of tracks that are gone may stay if they are in the list already. */
            tracks?: string[] | null;
        };
        /** @description A place in a mixtape. */
        MixtapeEntry: {
            /** @description The track's artist, also of one that is gone. */
            artist: string | null;
            /**
             * Format: double
             * @description How long it plays, also of one that is gone.
             */
            duration_s: number | null;
            /** @description Id of the track, also of one that is gone: `PATCH` takes it, so that the entry keeps its place. */
            id: string;
            /** @description Place, from 0. */
            position: number;
            /** @description The track's title, also of one that is gone. */
            title: string;
            track: components["schemas"]["Track"] | null;
        };
        /** @description A mixtape with what is in it. */
        MixtapeWithTracks: components["schemas"]["Mixtape"] & {
            /** @description What is in it, in order. */
            tracks: components["schemas"]["MixtapeEntry"][];
        };
        /**
         * @description Major or minor.
         * @enum {string}
         */
        Mode: "major" | "minor";
        /** @description A new API key: the only time its secret is shown. */
        NewApiKey: {
            /** @description Id. */
            id: string;
            /** @description What it is for. */
            name: string;
            /** @description The secret, `ff_...`: send it as a bearer token. */
            secret: string;
        };
        /** @description Adds a folder to the library. */
        NewFolderRequest: {
            /** @description An absolute path on the server. */
            path: string;
        };
        /** @description Makes an API key. */
        NewKeyRequest: {
            /** @description What it is for. */
            name: string;
        };
        /** @description Makes a mixtape. */
        NewMixtapeRequest: {
            /** @description What there is to say about it. */
            notes?: string;
            /** @description Title. */
            title: string;
            /** @description Its tracks, in order; a track may come more than once. */
            tracks?: string[];
        };
        /** @description A new public link: the only time its token is shown. */
        NewShare: components["schemas"]["Share"] & {
            /** @description The address as a QR code, an SVG image. */
            qr_svg: string;
            /** @description What opens it. */
            token: string;
            /** @description The address to give away. The token stands behind `#`, so no server's log ever sees it. */
            url: string;
        };
        /** @description Makes a public link. */
        NewShareRequest: {
            /** @description Whether guests may take the files with them. */
            download?: boolean;
            /**
             * Format: date-time
             * @description When it ends.
             */
            expires?: string | null;
            /**
             * Format: int32
             * @description Days until it ends; without this and `expires` it ends when a user removes it.
             */
            expires_in_days?: number | null;
            /** @description What guests must know besides the link. */
            password?: string | null;
        };
        /** @description Makes an account. */
        NewUserRequest: {
            /** @description The name to sign in with. */
            name: string;
            /** @description The first password. */
            password: string;
            /** @description What they may do. */
            role: components["schemas"]["Role"];
        };
        /** @description Opens a public link. */
        OpenShareRequest: {
            /** @description The password, where one is needed. */
            password?: string | null;
            /** @description The token behind `#`. */
            token: string;
        };
        /** @description A page of a list. */
        PageDto_Artist: {
            /** @description The rows. */
            items: {
                /** @description Id. */
                id: string;
                /** @description Name. */
                name: string;
                /**
                 * Format: int64
                 * @description Releases credited to the artist.
                 */
                release_count: number;
                /**
                 * Format: int64
                 * @description Tracks filed under the artist.
                 */
                track_count: number;
            }[];
            /**
             * Format: int64
             * @description The first row's number.
             */
            offset: number;
            /**
             * Format: int64
             * @description How many rows there are in all.
             */
            total: number;
        };
        /** @description A page of a list. */
        PageDto_CatalogTrack: {
            /** @description The rows. */
            items: {
                /** @description The artist's name. */
                artist?: string | null;
                /** @description Key on the Camelot wheel, for example `8A`. */
                camelot?: string | null;
                /**
                 * Format: double
                 * @description How long it plays.
                 */
                duration_s?: number | null;
                /** @description Genre, as written in the tags. */
                genre?: string | null;
                /** @description Whether `/tracks/{id}/cover` has an image. */
                has_cover: boolean;
                /** @description Id. `/tracks/{id}/hls/index.m3u8` plays it; `cover`, `waveform` and `features` are there too. */
                id: string;
                /**
                 * Format: double
                 * @description Integrated loudness (ITU-R BS.1770-5).
                 */
                integrated_lufs?: number | null;
                /** @description Key, for example `A minor`. */
                key?: string | null;
                /**
                 * Format: date-time
                 * @description When it was made public.
                 */
                published?: string | null;
                /** @description The release's title. */
                release?: string | null;
                /**
                 * Format: double
                 * @description ReplayGain to -18 LUFS: measured, else from the tags.
                 */
                replaygain_track_gain_db?: number | null;
                /**
                 * Format: double
                 * @description Tempo.
                 */
                tempo_bpm?: number | null;
                /** @description Title. */
                title: string;
                /**
                 * Format: double
                 * @description True peak.
                 */
                true_peak_dbtp?: number | null;
                /**
                 * Format: int32
                 * @description Year of release.
                 */
                year?: number | null;
            }[];
            /**
             * Format: int64
             * @description The first row's number.
             */
            offset: number;
            /**
             * Format: int64
             * @description How many rows there are in all.
             */
            total: number;
        };
        /** @description A page of a list. */
        PageDto_Mixtape: {
            /** @description The rows. */
            items: {
                /** @description Address of its cover: the one it was given, or one composed of its tracks'. It changes with the mixtape. */
                cover?: string | null;
                /** @description Whether the cover was given, so that `DELETE .../cover` brings the composed one back. */
                cover_given: boolean;
                /**
                 * Format: date-time
                 * @description When it was made.
                 */
                created: string;
                /**
                 * Format: double
                 * @description How long the tracks that are there play.
                 */
                duration_s: number;
                /** @description Whether the caller may change it: its maker and owners of the server may. */
                may_change: boolean;
                /** @description Whether it is the caller's own. */
                mine: boolean;
                /**
                 * Format: int64
                 * @description Entries whose track is gone.
                 */
                missing: number;
                /** @description What its maker says about it; may be empty. */
                notes: string;
                /** @description Name of the person whose it is; `null` when their account is gone. */
                owner?: string | null;
                /** @description Its name in addresses; kept when the title changes. */
                slug: string;
                /** @description Title. */
                title: string;
                /**
                 * Format: int64
                 * @description Entries, also those whose track is gone.
                 */
                track_count: number;
                /**
                 * Format: date-time
                 * @description When it last changed.
                 */
                updated: string;
            }[];
            /**
             * Format: int64
             * @description The first row's number.
             */
            offset: number;
            /**
             * Format: int64
             * @description How many rows there are in all.
             */
            total: number;
        };
        /** @description A page of a list. */
        PageDto_Release: {
            /** @description The rows. */
            items: {
                /** @description The artist it is credited to. */
                artist_id?: string | null;
                /** @description That artist's name. */
                artist_name?: string | null;
                /** @description Whether `/releases/{id}/cover` has an image. */
                has_cover: boolean;
                /** @description Id. */
                id: string;
                /** @description Title. */
                title: string;
                /**
                 * Format: int64
                 * @description Tracks on it.
                 */
                track_count: number;
                /**
                 * Format: int32
                 * @description Year of release.
                 */
                year?: number | null;
            }[];
            /**
             * Format: int64
             * @description The first row's number.
             */
            offset: number;
            /**
             * Format: int64
             * @description How many rows there are in all.
             */
            total: number;
        };
        /** @description A page of a list. */
        PageDto_Track: {
            /** @description The rows. */
            items: {
                /**
                 * Format: date-time
                 * @description When it was first seen.
                 */
                added: string;
                /** @description The artist credited on the release. */
                album_artist?: string | null;
                /**
                 * Format: date-time
                 * @description When an analyzer last measured it; `null` while none did, or when that was before it was noted.
                 */
                analyzed_at?: string | null;
                artist?: components["schemas"]["ArtistRef"] | null;
                /**
                 * Format: int32
                 * @description Bits per sample of the source.
                 */
                bit_depth?: number | null;
                /**
                 * Format: int32
                 * @description Mean bits per second of the file.
                 */
                bitrate_bps?: number | null;
                /** @description The qualities of which a transcode is ready, the best first. */
                cached: components["schemas"]["Quality"][];
                /** @description Key on the Camelot wheel, for example `8A`. */
                camelot?: string | null;
                /**
                 * Format: int32
                 * @description Samples per frame.
                 */
                channels?: number | null;
                /** @description Codec, for example `flac`. */
                codec?: string | null;
                /** @description Container, for example `mp4`. */
                container?: string | null;
                /** @description Why a picture that it has gave no cover. */
                cover_error?: string | null;
                /**
                 * Format: int32
                 * @description Position of the disc.
                 */
                disc_number?: number | null;
                /**
                 * Format: double
                 * @description How long it plays.
                 */
                duration_s?: number | null;
                /** @description How far enrichment came. */
                enrichment: components["schemas"]["EnrichmentState"];
                /** @description Why enrichment was given up. */
                enrichment_error?: string | null;
                failure?: components["schemas"]["TrackFailure"] | null;
                /** @description Genre, as written in the tags. */
                genre?: string | null;
                /** @description Whether `/tracks/{id}/cover` has an image. */
                has_cover: boolean;
                /** @description Where its bytes are. */
                home: components["schemas"]["TrackHome"];
                /** @description Id; kept when the file is moved. */
                id: string;
                /**
                 * Format: double
                 * @description Integrated loudness (ITU-R BS.1770-5).
                 */
                integrated_lufs?: number | null;
                /** @description Key, for example `A minor`. */
                key?: string | null;
                /** @description Whether the codec keeps every bit; `null` while the file was not read. */
                lossless?: boolean | null;
                /**
                 * Format: date-time
                 * @description Since when its file is missing.
                 */
                missing_since?: string | null;
                /** @description Whether its file is there. */
                presence: components["schemas"]["Presence"];
                /**
                 * Format: date-time
                 * @description When it was made public; with another state than `published`, it is again once its changed file is analyzed.
                 */
                published?: string | null;
                /** @description The file's path below its library folder; of an upload the name it was sent under. */
                relative_path: string;
                release?: components["schemas"]["ReleaseRef"] | null;
                /**
                 * Format: double
                 * @description ReplayGain to -18 LUFS: measured, else from the tags.
                 */
                replaygain_track_gain_db?: number | null;
                /**
                 * Format: int32
                 * @description Frames per second.
                 */
                sample_rate_hz?: number | null;
                /**
                 * Format: int64
                 * @description The file's size.
                 */
                size_bytes: number;
                /** @description Where it stands. */
                state: components["schemas"]["TrackState"];
                /**
                 * Format: double
                 * @description Tempo.
                 */
                tempo_bpm?: number | null;
                /** @description Title: the tag, else the file's name. */
                title: string;
                /**
                 * Format: int32
                 * @description Position on the disc.
                 */
                track_number?: number | null;
                /** @description Whether transcodes are made of it: its codec keeps every bit, and a file of medium quality would be smaller. */
                transcodable: boolean;
                /**
                 * Format: double
                 * @description True peak.
                 */
                true_peak_dbtp?: number | null;
                /** @description A track that sounds the same, as found when this one was analyzed. */
                twin?: string | null;
                /**
                 * Format: date-time
                 * @description When anything about it last changed.
                 */
                updated: string;
                /**
                 * Format: int32
                 * @description Year of release.
                 */
                year?: number | null;
            }[];
            /**
             * Format: int64
             * @description The first row's number.
             */
            offset: number;
            /**
             * Format: int64
             * @description How many rows there are in all.
             */
            total: number;
        };
        /** @description A job that was given up with a reason, until a user retries or discards it. */
        ParkedJob: {
            /** @description The last attempts that failed (at most 20), the latest first. */
            attempt_log: components["schemas"]["FailedAttempt"][];
            /**
             * Format: int32
             * @description How often it was tried, retries included.
             */
            attempts: number;
            /** @description Id. */
            id: string;
            /**
             * Format: date-time
             * @description When it was given up.
             */
            parked_at: string;
            /**
             * @description What was to be done: `analyze-track`, `process-track`, `enrich-track-audio`, `transcode-track`, `stream-track` or
             *     `cache-track`.
             */
            queue: string;
            /** @description Why it was given up. */
            reason: components["schemas"]["ParkedReason"];
            track: components["schemas"]["ParkedTrack"] | null;
        };
        /** @description A page of parked jobs, the one that was parked last first. */
        ParkedJobs: {
            /** @description The jobs. */
            items: components["schemas"]["ParkedJob"][];
            /** @description The `cursor` of the next page; `null` at the end. */
            next: string | null;
            /**
             * Format: int64
             * @description How many there are in all.
             */
            total: number;
        };
        /** @description Why a job was given up. */
        ParkedReason: {
            /** @description What kind of trouble, as in problem documents. */
            kind: string;
            /** @description What happened. */
            message: string;
            /**
             * Format: int64
             * @description Where in the file, if known.
             */
            offset_bytes: number | null;
            /** @description What can be done about it. */
            remedy: string;
        };
        /** @description The track of a parked job. */
        ParkedTrack: {
            /** @description The file's name; of an upload, the name it was sent under. */
            file_name: string;
            /** @description Id. */
            id: string;
            /** @description Title. */
            title: string;
        };
        /** @description Changes one's own password. */
        PasswordRequest: {
            /** @description The present password. */
            current_password: string;
            /** @description The new password. */
            new_password: string;
            /** @description Whether one's API keys end, too; otherwise they go on working. */
            revoke_keys?: boolean;
        };
        /**
         * @description Whether a track's bytes are there.
         * @enum {string}
         */
        Presence: "here" | "missing" | "quarantined";
        /** @description A problem document (RFC 9457). */
        Problem: {
            /** @description What happened, for a person. */
            detail: string;
            /**
             * @description What kind of trouble, for a program: `not-found`, `invalid`, ...
             * @example not-found
             */
            kind: string;
            /** @description What can be done about it. */
            remedy?: string;
            /**
             * Format: int32
             * @description The HTTP status.
             */
            status: number;
            /** @description The status in words. */
            title: string;
            /** @description Always `about:blank`: the status and `kind` say what it is. */
            type: string;
        };
        /**
         * @description Whether a track is public.
         * @enum {string}
         */
        Publication: "published" | "ready";
        /**
         * @description How a track is sent.
         * @enum {string}
         */
        Quality: "original" | "high" | "medium" | "low";
        /** @description The quarantine: how much is in it, and a page of its list. */
        Quarantine: {
            /**
             * Format: int64
             * @description Bytes of all files.
             */
            bytes: number;
            /**
             * Format: int32
             * @description How many days files are kept (`storage.quarantine_days`).
             */
            days: number;
            /** @description A page of the list: uploads first, then those that are deleted first. */
            items: components["schemas"]["QuarantinedFile"][];
            /**
             * Format: int64
             * @description The first row's number.
             */
            offset: number;
            /**
             * Format: int64
             * @description How many files there are in all.
             */
            total: number;
            /**
             * Format: int64
             * @description Bytes of those.
             */
            upload_bytes: number;
            /**
             * Format: int64
             * @description How many are uploads.
             */
            uploads: number;
        };
        /** @description A file that belongs to the server and that no track names. */
        QuarantinedFile: {
            /**
             * Format: date-time
             * @description When it will be deleted, if the server runs until then and nothing names it again.
             */
            delete_at: string;
            /** @description What it is. */
            kind: components["schemas"]["StoredKind"];
            /**
             * Format: date-time
             * @description When the server first found that no track names it.
             */
            missed: string;
            /** @description Its name: of a cached file its file name, of others the hash of their bytes. */
            name: string;
            /**
             * Format: int64
             * @description How many bytes it has.
             */
            size_bytes: number;
        };
        /** @description A recording in MusicBrainz. */
        RecordingMatch: {
            /** @description Its artist credit in one line. */
            artist: string | null;
            /** @description Its identifier. */
            musicbrainz_recording_id: string;
            /** @description Identifiers of the release groups that hold it. */
            musicbrainz_release_group_ids: string[];
            /** @description Its title. */
            title: string | null;
        };
        /** @description A release: an album, a single, a compilation. */
        Release: {
            /** @description The artist it is credited to. */
            artist_id: string | null;
            /** @description That artist's name. */
            artist_name: string | null;
            /** @description Whether `/releases/{id}/cover` has an image. */
            has_cover: boolean;
            /** @description Id. */
            id: string;
            /** @description Title. */
            title: string;
            /**
             * Format: int64
             * @description Tracks on it.
             */
            track_count: number;
            /**
             * Format: int32
             * @description Year of release.
             */
            year: number | null;
        };
        /** @description How loud a release is played as a whole (ReplayGain 2.0, album gain). */
        ReleaseGain: {
            /**
             * Format: double
             * @description Gain in dB that brings all its tracks together to -18 LUFS; `null` when it is not known. Silent tracks change nothing.
             */
            gain_db: number | null;
            /** @description The tracks that do not count, each with the reason: the file is missing, it failed, or its values are impossible. */
            missing: string[];
            /**
             * Format: double
             * @description The largest true peak of its tracks, as a factor of full scale.
             */
            peak: number | null;
            /** @description Why there is no gain. */
            reason: string | null;
        };
        /** @description A release, by title. */
        ReleaseRef: {
            /** @description Id. */
            id: string;
            /** @description Title. */
            title: string;
        };
        /** @description How many tracks were removed. */
        Removed: {
            /**
             * Format: int64
             * @description Tracks that were not removed, because their files are back.
             */
            back: number;
            /**
             * Format: int64
             * @description So many.
             */
            removed: number;
        };
        /** @description How many jobs were queued again. */
        RetriedJobs: {
            /**
             * Format: int64
             * @description How many.
             */
            retried: number;
        };
        /** @description Tempo, beats, bars. */
        Rhythm: {
            /**
             * Format: int32
             * @description Beats in a bar.
             */
            beats_per_bar: number | null;
            /** @description Times of the beats. */
            beats_s: number[];
            /**
             * Format: double
             * @description Danceability, 0 to about 3.
             */
            danceability: number | null;
            /** @description Times of the first beats of bars. */
            downbeats_s: number[];
            /**
             * Format: double
             * @description Onsets per second.
             */
            onset_rate_hz: number | null;
            /**
             * Format: double
             * @description Tempo.
             */
            tempo_bpm: number | null;
            /** @description The tempi that a listener might tap, the chosen one first. */
            tempo_candidates: components["schemas"]["TempoCandidate"][];
            /**
             * Format: double
             * @description How sure the tempo is, 0 to 1.
             */
            tempo_confidence: number | null;
            /** @description Slowest and fastest local tempo. */
            tempo_range_bpm: number[] | null;
            tempo_stability: components["schemas"]["TempoStability"] | null;
        };
        /**
         * @description What a person may do.
         * @enum {string}
         */
        Role: "listener" | "owner";
        /** @description When background analysis runs by itself. */
        Schedule: {
            last: components["schemas"]["Task"] | null;
            /**
             * Format: date-time
             * @description When it runs next.
             */
            next: string | null;
            /** @description The only hours in which it may run, `HH:MM-HH:MM`. */
            quiet_hours: string | null;
            /** @description Local time of day, `HH:MM`, or `off`. */
            schedule: string;
        };
        /** @description One setting. */
        Setting: {
            /** @description The words to choose from. */
            choices: string[];
            /** @description Its value when nobody sets it. */
            default: unknown;
            /** @description Why it cannot be changed here; `null` when it can. */
            fixed: string | null;
            /** @description What it does. */
            help: string;
            /**
             * Format: double
             * @description The most a number may be.
             */
            max: number | null;
            /**
             * Format: double
             * @description The least a number may be.
             */
            min: number | null;
            /**
             * @description Its dotted name.
             * @example analysis.pacing
             */
            name: string;
            /** @description Who decides it. */
            source: components["schemas"]["SettingSource"];
            /**
             * @description What kind of value it takes: `count`, `number`, `bytes`, `switch`, `choice`, `text`, `path`, `paths`, `address`, `url`,
             *     `schedule`, `hours`, `ladder` or `secret`.
             */
            type: string;
            /** @description Unit of a number. */
            unit: string | null;
            /** @description Its value now. Of a secret only whether there is one. */
            value: unknown;
            /** @description Its environment variable. */
            variable: string;
        };
        /** @description Changes settings, all or none of them. */
        SettingsChangeRequest: {
            /** @description New values by name; `null` removes one, so that the file or the default decides again. */
            values: Record<string, never>;
        };
        /**
         * @description Who decides a setting.
         * @enum {string}
         */
        SettingSource: "default" | "file" | "page" | "environment" | "flag";
        /** @description Makes the first owner. */
        SetupRequest: {
            /** @description The owner's name. */
            name: string;
            /** @description The owner's password. */
            password: string;
            /** @description The token of the one-time link. */
            token: string;
        };
        /** @description A public link to a mixtape. */
        Share: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            created: string;
            /** @description Whether guests may take the files with them. */
            download: boolean;
            /** @description Whether it has ended. */
            expired: boolean;
            /**
             * Format: date-time
             * @description When it ends; `null`: when a user removes it.
             */
            expires: string | null;
            /** @description Id. */
            id: string;
            /** @description Whether guests need a password. */
            password: boolean;
        };
        /** @description A mixtape as a guest sees it. */
        SharedMixtape: {
            /** @description Address of its cover. */
            cover: string | null;
            /** @description Whether `?download=1` gives files to keep. */
            download: boolean;
            /**
             * Format: double
             * @description How long it plays.
             */
            duration_s: number;
            /**
             * Format: date-time
             * @description When the link ends.
             */
            expires: string | null;
            /** @description What its maker says about it; may be empty. */
            notes: string;
            /** @description Name of the person whose it is. */
            owner: string | null;
            /** @description Id of the link. */
            share: string;
            /** @description Title. */
            title: string;
            /** @description Its tracks, in order; those that are gone are left out. */
            tracks: components["schemas"]["SharedTrack"][];
        };
        /** @description A track as a guest sees it. */
        SharedTrack: {
            /** @description The artist's name. */
            artist: string | null;
            /**
             * Format: double
             * @description How long it plays.
             */
            duration_s: number | null;
            /** @description Whether `/shared/tracks/{id}/cover` has an image. */
            has_cover: boolean;
            /** @description Id: `/shared/tracks/{id}/audio` plays it; `cover` and `waveform/columns` are there too. */
            id: string;
            /**
             * Format: double
             * @description Integrated loudness (ITU-R BS.1770-5).
             */
            integrated_lufs: number | null;
            /** @description The release's title. */
            release: string | null;
            /**
             * Format: double
             * @description ReplayGain to -18 LUFS: measured, else from the tags.
             */
            replaygain_track_gain_db: number | null;
            /** @description Title. */
            title: string;
            /**
             * Format: double
             * @description True peak.
             */
            true_peak_dbtp: number | null;
        };
        /** @description Speech or music. */
        SpeechMusic: {
            /**
             * Format: double
             * @description Share of music, 0 to 1.
             */
            music: number;
            /** @description What it mostly is. */
            profile: components["schemas"]["SpeechMusicProfile"];
            /**
             * Format: double
             * @description Share of speech, 0 to 1.
             */
            speech: number;
        };
        /**
         * @description What a track mostly is.
         * @enum {string}
         */
        SpeechMusicProfile: "music" | "speech" | "mixed" | "silence";
        /** @description What a client asks first. */
        Status: {
            /** @description Whether the owner has yet to be created by the one-time link. */
            setup_needed: boolean;
            /** @description Whether the caller is signed in. */
            signed_in: boolean;
            storage: components["schemas"]["Storage"] | null;
            /** @description Whether the web UI was built in. */
            ui: components["schemas"]["Ui"];
            /** @description The server's version. */
            version: string;
        };
        /** @description What is wrong with the data folder: nothing can be stored, or a part of what is stored cannot be read. The rest plays on. */
        Storage: {
            /** @description What happened, in a sentence. */
            detail: string;
            /** @description What can be done about it. */
            remedy: string;
            /**
             * @description `full`, `read-only`, `moved` (the database was moved, deleted or replaced while the server runs), `uploads-away` (the
             *     storage of uploads and covers cannot be reached), or `database-damaged`.
             * @example full
             */
            state: string;
        };
        /**
         * @description What a file in quarantine is.
         * @enum {string}
         */
        StoredKind: "upload" | "cover" | "media" | "cache";
        /** @description Work with progress. */
        Task: {
            /**
             * Format: date-time
             * @description When it was asked for.
             */
            created: string;
            /**
             * Format: int64
             * @description Units done.
             */
            current: number;
            /** @description The current file. */
            current_item: string | null;
            /**
             * Format: date-time
             * @description When it ended.
             */
            ended: string | null;
            /**
             * Format: int64
             * @description How many files failed.
             */
            failure_count: number;
            /** @description The first failures; `failure_count` is exact. */
            failures: components["schemas"]["TaskFailure"][];
            /** @description Id. */
            id: string;
            /** @description What it does. */
            kind: components["schemas"]["TaskKind"];
            /** @description The last things that happened, oldest first; empty in lists. */
            log: components["schemas"]["TaskLine"][];
            /** @description The latest sentence. */
            message: string;
            /**
             * Format: date-time
             * @description When it started.
             */
            started: string | null;
            /** @description Where it stands. */
            state: components["schemas"]["TaskState"];
            /** @description The step it is in, in words. */
            step: string;
            /**
             * Format: int64
             * @description Units in all, as far as known; 0 while unknown.
             */
            total: number;
        };
        /** @description The data of an event named `task`. */
        TaskEvent: {
            /**
             * Format: int64
             * @description Units done.
             */
            current: number;
            /** @description The current file. */
            current_item: string | null;
            /**
             * Format: int64
             * @description How many files failed so far.
             */
            failure_count: number;
            /** @description What the task does. */
            kind: components["schemas"]["TaskKind"];
            /** @description The latest sentence. */
            message: string;
            /** @description The state of the task after it. */
            state: components["schemas"]["TaskState"];
            /** @description Where it stands. */
            status: string;
            /** @description The step it is in, in words. */
            step: string;
            /** @description The task's id. */
            task_id: string;
            /**
             * Format: date-time
             * @description When this was so.
             */
            timestamp: string;
            /**
             * Format: int64
             * @description Units in all; 0 while unknown.
             */
            total: number;
        };
        /** @description One file that failed. */
        TaskFailure: {
            /** @description What kind of trouble. */
            kind: string;
            /** @description What happened. */
            message: string;
            /**
             * Format: date-time
             * @description When it will be tried again by itself.
             */
            next_retry: string | null;
            /** @description Which file. */
            subject: string;
            /** @description Its track, which can be tried again alone. */
            track: string | null;
        };
        /**
         * @description What a task does.
         * @enum {string}
         */
        TaskKind: "scan" | "analysis" | "nightly" | "upload" | "transcode" | "cache" | "tags" | "identify";
        /** @description A line of a task's log. */
        TaskLine: {
            /**
             * Format: date-time
             * @description When.
             */
            at: string;
            /** @description What happened. */
            text: string;
        };
        /**
         * @description Where a task stands.
         * @enum {string}
         */
        TaskState: "waiting" | "running" | "succeeded" | "partial_success" | "failed" | "cancelled";
        /** @description A tempo that a listener might tap. */
        TempoCandidate: {
            /**
             * Format: double
             * @description How likely it is among the candidates.
             */
            confidence: number;
            /**
             * Format: double
             * @description The tempo.
             */
            tempo_bpm: number;
        };
        /**
         * @description How the tempo moves through a track.
         * @enum {string}
         */
        TempoStability: "steady" | "drifting" | "rubato";
        /** @description Spectral shape. */
        Timbre: {
            /**
             * Format: double
             * @description Spectral centroid.
             */
            centroid_hz: number | null;
            /** @description Mean energy in 40 ERB bands. */
            erb_bands: number[];
            /**
             * Format: double
             * @description Spectral flatness, 0 to 1.
             */
            flatness: number | null;
            /** @description Root mean square of their change in 23 ms; empty where no two frames in a row sound. */
            mfcc_change: number[];
            /** @description Their standard deviations. */
            mfcc_deviation: number[];
            /** @description Means of 13 mel-frequency cepstral coefficients. */
            mfcc_mean: number[];
            /**
             * Format: double
             * @description Frequency under which 85 % of the energy lies.
             */
            rolloff_hz: number | null;
            /**
             * Format: double
             * @description Sign changes per second.
             */
            zero_crossing_rate_hz: number | null;
        };
        /** @description A playable item. */
        Track: {
            /**
             * Format: date-time
             * @description When it was first seen.
             */
            added: string;
            /** @description The artist credited on the release. */
            album_artist: string | null;
            /**
             * Format: date-time
             * @description When an analyzer last measured it; `null` while none did, or when that was before it was noted.
             */
            analyzed_at: string | null;
            artist: components["schemas"]["ArtistRef"] | null;
            /**
             * Format: int32
             * @description Bits per sample of the source.
             */
            bit_depth: number | null;
            /**
             * Format: int32
             * @description Mean bits per second of the file.
             */
            bitrate_bps: number | null;
            /** @description The qualities of which a transcode is ready, the best first. */
            cached: components["schemas"]["Quality"][];
            /** @description Key on the Camelot wheel, for example `8A`. */
            camelot: string | null;
            /**
             * Format: int32
             * @description Samples per frame.
             */
            channels: number | null;
            /** @description Codec, for example `flac`. */
            codec: string | null;
            /** @description Container, for example `mp4`. */
            container: string | null;
            /** @description Why a picture that it has gave no cover. */
            cover_error: string | null;
            /**
             * Format: int32
             * @description Position of the disc.
             */
            disc_number: number | null;
            /**
             * Format: double
             * @description How long it plays.
             */
            duration_s: number | null;
            /** @description How far enrichment came. */
            enrichment: components["schemas"]["EnrichmentState"];
            /** @description Why enrichment was given up. */
            enrichment_error: string | null;
            failure: components["schemas"]["TrackFailure"] | null;
            /** @description Genre, as written in the tags. */
            genre: string | null;
            /** @description Whether `/tracks/{id}/cover` has an image. */
            has_cover: boolean;
            /** @description Where its bytes are. */
            home: components["schemas"]["TrackHome"];
            /** @description Id; kept when the file is moved. */
            id: string;
            /**
             * Format: double
             * @description Integrated loudness (ITU-R BS.1770-5).
             */
            integrated_lufs: number | null;
            /** @description Key, for example `A minor`. */
            key: string | null;
            /** @description Whether the codec keeps every bit; `null` while the file was not read. */
            lossless: boolean | null;
            /**
             * Format: date-time
             * @description Since when its file is missing.
             */
            missing_since: string | null;
            /** @description Whether its file is there. */
            presence: components["schemas"]["Presence"];
            /**
             * Format: date-time
             * @description When it was made public; with another state than `published`, it is again once its changed file is analyzed.
             */
            published: string | null;
            /** @description The file's path below its library folder; of an upload the name it was sent under. */
            relative_path: string;
            release: components["schemas"]["ReleaseRef"] | null;
            /**
             * Format: double
             * @description ReplayGain to -18 LUFS: measured, else from the tags.
             */
            replaygain_track_gain_db: number | null;
            /**
             * Format: int32
             * @description Frames per second.
             */
            sample_rate_hz: number | null;
            /**
             * Format: int64
             * @description The file's size.
             */
            size_bytes: number;
            /** @description Where it stands. */
            state: components["schemas"]["TrackState"];
            /**
             * Format: double
             * @description Tempo.
             */
            tempo_bpm: number | null;
            /** @description Title: the tag, else the file's name. */
            title: string;
            /**
             * Format: int32
             * @description Position on the disc.
             */
            track_number: number | null;
            /** @description Whether transcodes are made of it: its codec keeps every bit, and a file of medium quality would be smaller. */
            transcodable: boolean;
            /**
             * Format: double
             * @description True peak.
             */
            true_peak_dbtp: number | null;
            /** @description A track that sounds the same, as found when this one was analyzed. */
            twin: string | null;
            /**
             * Format: date-time
             * @description When anything about it last changed.
             */
            updated: string;
            /**
             * Format: int32
             * @description Year of release.
             */
            year: number | null;
        };
        /** @description Publishes a track, or takes it back. */
        TrackChangeRequest: {
            /** @description `published` puts it into the public catalog, `ready` takes it out. */
            state: components["schemas"]["Publication"];
        };
        /** @description Why a track cannot be read. */
        TrackFailure: {
            /** @description What kind of trouble. */
            kind: string;
            /** @description What happened. */
            message: string;
            /**
             * Format: date-time
             * @description When it will be tried again by itself.
             */
            next_retry: string | null;
            /**
             * Format: int64
             * @description Where in the file, if known.
             */
            offset_bytes: number | null;
        };
        /**
         * @description Where a track's bytes are.
         * @enum {string}
         */
        TrackHome: "folder" | "upload" | "upload_let_go";
        /**
         * @description Where a track stands.
         * @enum {string}
         */
        TrackState: "queued" | "processing" | "enriching" | "ready" | "published" | "failed";
        /** @description The track's shape, for drawing. */
        TrackWaveform: {
            /** @description Levels of four bands (to 150 Hz, 800 Hz, 4 kHz, the rest): 0 is -60 dBFS or less, 255 is 0 dBFS. Empty: not measured. */
            bands: number[][];
            /** @description How many columns of equal length follow. */
            columns: number;
            /**
             * Format: double
             * @description How long the track plays.
             */
            duration_s: number | null;
            /** @description Largest absolute sample per column, 0 to 1. */
            peaks: number[];
            /** @description Root mean square per column, 0 to 1. */
            rms: number[];
        };
        /**
         * @description What is served at `/`.
         * @enum {string}
         */
        Ui: "built" | "placeholder";
        /** @description The track that a file became. */
        UploadedTrack: components["schemas"]["Track"] & {
            /** @description Whether the same bytes were here already, as this track. */
            duplicate: boolean;
        };
        /** @description A file to take in, as a form. */
        UploadRequest: {
            /** @description The file. Its name is only shown, its declared type is not looked at. */
            file: number[];
        };
        /** @description A person with an account. */
        User: {
            /**
             * Format: date-time
             * @description When the account was made.
             */
            created: string;
            /** @description Id. */
            id: string;
            /** @description The name to sign in with. */
            name: string;
            /** @description Role. */
            role: components["schemas"]["Role"];
        };
        /** @description The track's shape. */
        Waveform: {
            /** @description Largest absolute sample per column, 0 to 1. */
            peaks: number[];
            /** @description Root mean square per column, 0 to 1. */
            rms: number[];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    artists: {
        parameters: {
            query?: {
                /** @description Rows wanted. */
                limit?: number;
                /** @description First row. */
                offset?: number;
                /** @description Words to find in the name. */
                search?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageDto_Artist"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    artist: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The artist */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Artist"];
                };
            };
            /** @description No such artist */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cache: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CacheStatus"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    clear: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CacheClearing"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CacheCleared"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    explain: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The track */
                track: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CacheExplanation"];
                };
            };
            /** @description No such track */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    refresh: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CacheRequest"];
            };
        };
        responses: {
            /** @description The task that shows how far it is */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    verify: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CacheRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CacheVerified"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    warm: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CacheRequest"];
            };
        };
        responses: {
            /** @description The task that shows how far it is */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description No such mixtape */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The cache is switched off */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    catalog: {
        parameters: {
            query?: {
                /** @description Rows wanted. */
                limit?: number;
                /** @description First row. */
                offset?: number;
                /** @description Upwards unless said. */
                order?: "asc" | "desc";
                /** @description Words to find in title, artist, album and genre; the last may be the beginning of a word. */
                search?: string;
                /** @description With `sort=shuffled`, and only then: which random order. */
                seed?: number;
                /** @description What to sort by; by title unless said. */
                sort?: "title" | "artist" | "album" | "added" | "duration" | "tempo" | "loudness" | "shuffled";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageDto_CatalogTrack"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    events: {
        parameters: {
            query?: {
                /** @description As `Last-Event-ID`, for a browser's new `EventSource`, which cannot set a header field. The field wins. */
                after?: number;
            };
            header?: {
                /** @description The last event the client has */
                "last-event-id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events named `task`; each `data` is a TaskEvent */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["TaskEvent"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    folders: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListDto_Folder"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    add_folder: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewFolderRequest"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Folder"];
                };
            };
            /** @description No folder that can be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    remove_folder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The folder */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Removed */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such folder */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    remove_missing: {
        parameters: {
            query?: {
                /** @description Only those below this folder in the library folder. Without it: all of them. It must not be empty. */
                below?: string;
            };
            header?: never;
            path: {
                /** @description The folder */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Removed"];
                };
            };
            /** @description `below` is empty */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such folder */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The storage gives no answer; nothing was removed */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    parked: {
        parameters: {
            query?: {
                /** @description Where the page begins: `next` of the page before. */
                cursor?: string;
                /** @description Only those that were given up for a reason of this kind, for example `malformed`. */
                kind?: string;
                /** @description Rows wanted. */
                limit?: number;
                /** @description Only those of this queue, for example `process-track`. */
                queue?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ParkedJobs"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    discard_parked: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The job */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is off the list */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such job */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It is not parked */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    retry_parked: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The job */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Queued */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RetriedJobs"];
                };
            };
            /** @description No such job */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It is not parked */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    retry_all_parked: {
        parameters: {
            query?: {
                /** @description Only those that were given up for a reason of this kind, for example `malformed`. */
                kind?: string;
                /** @description Only those of this queue, for example `process-track`. */
                queue?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Queued */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RetriedJobs"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    keys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListDto_ApiKey"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    add_key: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewKeyRequest"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewApiKey"];
                };
            };
            /** @description More than 100 keys of one person */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    remove_key: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Removed */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such key of one's own */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    library: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Library"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    login: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LoginRequest"];
            };
        };
        responses: {
            /** @description Signed in by cookie */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            /** @description Name or password is wrong */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too many failures; Retry-After says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    logout: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The session is over */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    change_password: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasswordRequest"];
            };
        };
        responses: {
            /** @description The password is changed */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The present password is wrong */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too many failures; Retry-After says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    mixtapes: {
        parameters: {
            query?: {
                /** @description Rows wanted. */
                limit?: number;
                /** @description First row. */
                offset?: number;
                /** @description Words to find in the title. */
                search?: string;
                /** @description What to sort by; the one that changed last comes first unless said. */
                sort?: "updated" | "title";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageDto_Mixtape"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    create_mixtape: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewMixtapeRequest"];
            };
        };
        responses: {
            /** @description The mixtape; `Location` leads to it */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MixtapeWithTracks"];
                };
            };
            /** @description There is no such track, or a text has the wrong form */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description More than 1,000 tracks, or more than 1,000 mixtapes of one person */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    mixtape: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The mixtape */
                slug: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MixtapeWithTracks"];
                };
            };
            /** @description No such mixtape */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_mixtape: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The mixtape */
                slug: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It is somebody else's */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such mixtape */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    change_mixtape: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The mixtape */
                slug: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MixtapeChangeRequest"];
            };
        };
        responses: {
            /** @description The mixtape as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MixtapeWithTracks"];
                };
            };
            /** @description There is no such track, or a text has the wrong form */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It is somebody else's */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such mixtape */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description More than 1,000 tracks */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    mixtape_cache: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The mixtape */
                slug: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CacheVerified"];
                };
            };
            /** @description No such mixtape */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    warm_mixtape: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The mixtape */
                slug: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The task that shows how far it is */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description No such mixtape */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The cache is switched off */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    mixtape_cover: {
        parameters: {
            query?: {
                /** @description Any text: it makes a changed cover a new address, so that an old one is not shown from a cache. */
                v?: string;
            };
            header?: never;
            path: {
                /** @description The mixtape */
                slug: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The image, at most 1000 pixels a side */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/jpeg": unknown;
                };
            };
            /** @description The client has it */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such mixtape, or neither it nor its tracks have a cover */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    give_cover: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The mixtape */
                slug: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "image/*": components["schemas"]["ImageRequest"];
            };
        };
        responses: {
            /** @description It is the cover now */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The mixtape is somebody else's */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such mixtape */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The image came too slowly */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description More than 16 MiB, than 40 million pixels, or than can be decoded in 56 MiB of memory */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No image, a damaged one, or none of JPEG, PNG, WebP, GIF and BMP */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too many of the caller's images are being sent or wait to be decoded; see `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too many images are being taken in at once; see `Retry-After` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Decoding the image took too long */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    take_cover: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The mixtape */
                slug: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It has none of its own now */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The mixtape is somebody else's */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such mixtape */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    duplicate_mixtape: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The mixtape */
                slug: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The copy; `Location` leads to it */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MixtapeWithTracks"];
                };
            };
            /** @description No such mixtape */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    export_mixtape: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The mixtape */
                slug: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The playlist, in UTF-8 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "audio/x-mpegurl": unknown;
                };
            };
            /** @description No such mixtape */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    shares: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The mixtape */
                slug: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListDto_Share"];
                };
            };
            /** @description The mixtape is somebody else's */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such mixtape */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    add_share: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The mixtape */
                slug: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewShareRequest"];
            };
        };
        responses: {
            /** @description The link */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewShare"];
                };
            };
            /** @description An end that is not in the future, or a password that is too short */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The mixtape is somebody else's */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such mixtape */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description More than 100 links of one mixtape */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    remove_share: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The link */
                id: string;
                /** @description The mixtape */
                slug: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It opens nothing any more */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The mixtape is somebody else's */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such mixtape, or no such link of it */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    import_mixtape: {
        parameters: {
            query?: {
                /** @description Its title; unless said the playlist's own, else the file's name. */
                title?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "audio/x-mpegurl": string;
            };
        };
        responses: {
            /** @description The mixtape; `Location` leads to it */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImportedMixtape"];
                };
            };
            /** @description More than 1 MiB, 10,000 lines or 1,000 files */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Nothing in it is in the library, or it is no such playlist */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The caller sends too many files at once; see `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    document: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The OpenAPI document */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    quarantine: {
        parameters: {
            query?: {
                /** @description Rows wanted. */
                limit?: number;
                /** @description First row. */
                offset?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Quarantine"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    empty_quarantine: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletedFiles"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_quarantined: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description What it is */
                kind: components["schemas"]["StoredKind"];
                /** @description Its name, as listed */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not in quarantine */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    restore_upload: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The hash of its bytes, as listed */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The same bytes are a track already, this one */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadedTrack"];
                };
            };
            /** @description A new track, queued; `Location` leads to it */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadedTrack"];
                };
            };
            /** @description Not in quarantine */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The disk is full */
            507: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    releases: {
        parameters: {
            query?: {
                /** @description Only those credited to this artist. */
                artist?: string;
                /** @description Rows wanted. */
                limit?: number;
                /** @description First row. */
                offset?: number;
                /** @description Words to find in the title. */
                search?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageDto_Release"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    release: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The release */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
            /** @description No such release */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    release_cover: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The release */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The image, at most 1000 pixels a side */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/jpeg": unknown;
                };
            };
            /** @description The client has it */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such release, or it has no cover */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    gain: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The release */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReleaseGain"];
                };
            };
            /** @description No such release */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    scan: {
        parameters: {
            query?: {
                /**
                 * @description Whether every file is read and its bytes are compared with those that were analyzed. Else only files of which size or
                 *     a time is another one.
                 */
                full?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    settings: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListDto_Setting"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    change_settings: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SettingsChangeRequest"];
            };
        };
        responses: {
            /** @description Every setting as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListDto_Setting"];
                };
            };
            /** @description An unknown name or a value that does not fit; none is changed */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description One is decided elsewhere or read only at the start; none is changed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    setup: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetupRequest"];
            };
        };
        responses: {
            /** @description The owner exists and is signed in */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            /** @description The token is wrong */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description There is an owner already */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too many wrong tokens; Retry-After says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    shared_cover: {
        parameters: {
            query?: {
                /** @description Id of the link; unless said the one that was opened last. */
                share?: string;
                /** @description Any text: it makes a changed cover a new address. */
                v?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The image, at most 1000 pixels a side */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/jpeg": unknown;
                };
            };
            /** @description The client has it */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No open link, or it has no cover */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    open_share: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OpenShareRequest"];
            };
        };
        responses: {
            /** @description The mixtape */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SharedMixtape"];
                };
            };
            /** @description It needs a password, or the password is wrong */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such link, or it has ended */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too many wrong passwords; Retry-After says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    shared_audio: {
        parameters: {
            query?: {
                /** @description `1`: as a file to keep, where the link allows that. */
                download?: number;
            };
            header?: never;
            path: {
                /** @description The track */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All of it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "audio/*": unknown;
                };
            };
            /** @description One range, or several as multipart/byteranges */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "audio/*": unknown;
                };
            };
            /** @description The client has it */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The link allows listening, not keeping */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such track in an opened mixtape, or its file is gone */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The file changed and was not scanned yet */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A precondition is false */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such range */
            416: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too many transcodes are being made; see `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    shared_audio_head: {
        parameters: {
            query?: {
                /** @description `1`: as a file to keep, where the link allows that. */
                download?: number;
            };
            header?: never;
            path: {
                /** @description The track */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All of it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "audio/*": unknown;
                };
            };
            /** @description One range, or several as multipart/byteranges */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "audio/*": unknown;
                };
            };
            /** @description The client has it */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The link allows listening, not keeping */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such track in an opened mixtape, or its file is gone */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The file changed and was not scanned yet */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A precondition is false */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such range */
            416: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too many transcodes are being made; see `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    shared_track_cover: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The track */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The image, at most 1000 pixels a side */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/jpeg": unknown;
                };
            };
            /** @description The client has it */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such track in an opened mixtape, or it has no cover */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    shared_waveform: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The track */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TrackWaveform"];
                };
            };
            /** @description No such track in an opened mixtape, or not analyzed yet */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    status: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Status"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    tasks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListDto_Task"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    task: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The task */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description No such task */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancel_task: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The task */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It stops */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description No such task */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It is over */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    task_events: {
        parameters: {
            query?: never;
            header?: {
                /** @description The last event the client has */
                "last-event-id"?: string | null;
            };
            path: {
                /** @description The task */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events named `task`; each `data` is a TaskEvent */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["TaskEvent"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    retry_task: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The task */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The task that does it: this one while it is under way */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description No such task */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A setting is in the way, which the remedy names */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    schedule: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    run_schedule: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The task of the run */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    tracks: {
        parameters: {
            query?: {
                /** @description Only those of this artist. */
                artist?: string;
                /** @description Rows wanted. */
                limit?: number;
                /** @description First row. */
                offset?: number;
                /** @description Upwards unless said. */
                order?: "asc" | "desc";
                /** @description Only those of this presence: those that are here, unless said. */
                presence?: "here" | "missing" | "quarantined";
                /** @description Only those on this release. */
                release?: string;
                /** @description Words to find in title, artist, album and genre; the last may be the beginning of a word. */
                search?: string;
                /** @description With `sort=shuffled`, and only then: which random order. */
                seed?: number;
                /** @description What to sort by; by title unless said. */
                sort?: "title" | "artist" | "album" | "added" | "duration" | "tempo" | "loudness" | "shuffled";
                /** @description Only those in this state. */
                state?: "queued" | "processing" | "enriching" | "ready" | "published" | "failed";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageDto_Track"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    upload: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": components["schemas"]["UploadRequest"];
            };
        };
        responses: {
            /** @description The same bytes are here already, as this track */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadedTrack"];
                };
            };
            /** @description A new track, queued; `Location` leads to it */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadedTrack"];
                };
            };
            /** @description Only owners may upload here (setting `upload.listeners`) */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It came more slowly than 1 kB a second */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It is larger than `upload.max_bytes`, or more than `upload.quota_bytes` leaves */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It is no audio, whatever its name; or the body is no multipart/form-data */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It is audio that contradicts itself, or has nothing in it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The caller sends too many files at once; see `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too many files are being sent at once, or another program holds the database; see `Retry-After` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The disk is full */
            507: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    track: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The track */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Track"];
                };
            };
            /** @description No such track */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_track: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The track */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such track */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Its file lies in a library folder */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The storage of uploads is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    change_track: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The track */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TrackChangeRequest"];
            };
        };
        responses: {
            /** @description The track as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Track"];
                };
            };
            /** @description No such track */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It is not ready */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    audio: {
        parameters: {
            query?: {
                /**
                 * @description `original`, `high`, `medium` or `low`; without it the server's `audio_cache.default_quality`. A transcode that is not
                 *     there is made while it is sent, with its length and every range known at once. Nothing smaller is made of a file
                 *     whose codec is lossy, or where it would not be smaller: there every quality is the original.
                 */
                quality?: components["schemas"]["Quality"];
            };
            header?: {
                /** @description ETags that the client has */
                "if-none-match"?: string | null;
                /** @description The ETag or date that the range belongs to */
                "if-range"?: string | null;
                /** @description `bytes=...`; more than four or overlapping ranges get the whole file */
                range?: string | null;
            };
            path: {
                /** @description The track */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The whole file */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "audio/*": unknown;
                };
            };
            /** @description One range, or several as multipart/byteranges */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "audio/*": unknown;
                };
            };
            /** @description The client has it */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such track, or its file is gone */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A precondition is false */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such range */
            416: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too many transcodes are being made; see `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    audio_head: {
        parameters: {
            query?: {
                /**
                 * @description `original`, `high`, `medium` or `low`; without it the server's `audio_cache.default_quality`. A transcode that is not
                 *     there is made while it is sent, with its length and every range known at once. Nothing smaller is made of a file
                 *     whose codec is lossy, or where it would not be smaller: there every quality is the original.
                 */
                quality?: components["schemas"]["Quality"];
            };
            header?: {
                /** @description ETags that the client has */
                "if-none-match"?: string | null;
                /** @description The ETag or date that the range belongs to */
                "if-range"?: string | null;
                /** @description `bytes=...`; more than four or overlapping ranges get the whole file */
                range?: string | null;
            };
            path: {
                /** @description The track */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The whole file */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "audio/*": unknown;
                };
            };
            /** @description One range, or several as multipart/byteranges */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "audio/*": unknown;
                };
            };
            /** @description The client has it */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such track, or its file is gone */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A precondition is false */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such range */
            416: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too many transcodes are being made; see `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    track_cover: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The track */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The image, at most 1000 pixels a side */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/jpeg": unknown;
                };
            };
            /** @description The client has it */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such track, or it has no cover */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    features: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The track */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Features"];
                };
            };
            /** @description No such track */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    file: {
        parameters: {
            query?: never;
            header?: {
                /** @description `bytes=...` */
                range?: string | null;
            };
            path: {
                /** @description `index.m3u8`, `init.mp4`, `0.m4s`, ... ; as MPEG transport stream (AAC variants only) `ts.m3u8`, `0.ts`, ... */
                file: string;
                /** @description The track */
                id: string;
                /** @description The variant's name in the ladder, for example `medium` */
                variant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The playlist, init section or segment */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A range of it */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such track, variant or segment */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It could not be encoded in time */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    file_head: {
        parameters: {
            query?: never;
            header?: {
                /** @description `bytes=...` */
                range?: string | null;
            };
            path: {
                /** @description `index.m3u8`, `init.mp4`, `0.m4s`, ... ; as MPEG transport stream (AAC variants only) `ts.m3u8`, `0.ts`, ... */
                file: string;
                /** @description The track */
                id: string;
                /** @description The variant's name in the ladder, for example `medium` */
                variant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The playlist, init section or segment */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A range of it */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such track, variant or segment */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It could not be encoded in time */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    variants: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The track */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The playlist */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/vnd.apple.mpegurl": string;
                };
            };
            /** @description No such track */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It could not be encoded in time */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    variants_head: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The track */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The playlist */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/vnd.apple.mpegurl": string;
                };
            };
            /** @description No such track */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It could not be encoded in time */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    transport_variants: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The track */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The playlist */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/vnd.apple.mpegurl": string;
                };
            };
            /** @description No such track, or no variant of AAC in its ladder */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It could not be encoded in time */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    transport_variants_head: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The track */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The playlist */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/vnd.apple.mpegurl": string;
                };
            };
            /** @description No such track, or no variant of AAC in its ladder */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It could not be encoded in time */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    retry_track: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The track */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Queued */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Track"];
                };
            };
            /** @description No such track */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    waveform: {
        parameters: {
            query?: {
                /**
                 * @description Frames in a pixel. The answer has this number or the next smaller one there is (a multiple of a power of two from 64
                 *     on, which grows with the track's length), never less than the finest; it says which. The finest unless said.
                 */
                samples_per_pixel?: number;
            };
            header?: never;
            path: {
                /** @description The track */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AudioWaveform"];
                };
            };
            /** @description No such track, or not analyzed yet */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    waveform_dat: {
        parameters: {
            query?: {
                /**
                 * @description Frames in a pixel. The answer has this number or the next smaller one there is (a multiple of a power of two from 64
                 *     on, which grows with the track's length), never less than the finest; it says which. The finest unless said.
                 */
                samples_per_pixel?: number;
            };
            header?: never;
            path: {
                /** @description The track */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Header and pairs of bytes */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": unknown;
                };
            };
            /** @description No such track, or not analyzed yet */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    waveform_columns: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The track */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TrackWaveform"];
                };
            };
            /** @description No such track, or not analyzed yet */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    users: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListDto_User"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    add_user: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewUserRequest"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            /** @description The name is taken */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    remove_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The account */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Removed */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It is the last owner */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    live: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description Not ready */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Prometheus text format 0.0.4 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description Any failure, as a problem document (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
